"""The milter protocol's packets, as bytes and as lines that people read.

A packet of the MTA is a line "STEP ARGUMENTS" (see milter.py), one of the
milter's is "continue", "reply 550 5.7.1 no", "add-header Name | value", …
In lines \\xNN, \\r, \\n, \\t and \\\\ are those bytes.
"""
import re
import struct

ESCAPES = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}
SHOWN = {0x5C: "\\\\", 0x0D: "\\r", 0x0A: "\\n", 0x09: "\\t"}
# step: command, "not this step" flag, "no reply" flag
STEPS = {
    "connect": (b"C", 0x1, 0x1000),
    "helo": (b"H", 0x2, 0x2000),
    "mail": (b"M", 0x4, 0x4000),
    "rcpt": (b"R", 0x8, 0x8000),
    "body": (b"B", 0x10, 0x80000),
    "header": (b"L", 0x20, 0x80),
    "eoh": (b"N", 0x40, 0x40000),
    "unknown": (b"U", 0x100, 0x20000),
    "data": (b"T", 0x200, 0x10000),
    "end": (b"E", 0, 0),
    "abort": (b"A", 0, None),
    "quit": (b"Q", 0, None),
    "next": (b"K", 0, None),
}
NAMES = {command: name for name, (command, _, _) in STEPS.items()}
ANSWERS = {
    b"c": "continue", b"a": "accept", b"r": "reject", b"t": "tempfail",
    b"d": "discard", b"s": "skip", b"f": "connection failure",
}
CHANGES = {
    b"h": "add-header", b"i": "insert-header", b"m": "change-header",
    b"q": "quarantine", b"+": "add-recipient", b"-": "remove-recipient",
    b"e": "change-from", b"b": "replace-body", b"p": "progress",
}


def unescape(data):
    def one(match):
        what = match.group(1)
        return bytes([int(what[1:], 16)]) if what[:1] == b"x" else ESCAPES[what]

    return re.sub(rb"\\(x[0-9a-fA-F]{2}|[rnt\\])", one, data)


def escape(data, is_word=False):
    def one(byte):
        if byte in SHOWN:
            return SHOWN[byte]
        if 0x20 < byte < 0x7F or (byte == 0x20 and not is_word):
            return chr(byte)
        return "\\x%02x" % byte

    return "".join(one(byte) for byte in data)


def visible(data):
    return "".join(
        chr(c) if 0x20 <= c < 0x7F else "\\x%02x" % c for c in data)


def pack(command, data=b""):
    return struct.pack("!I", len(data) + 1) + command + data


def receive(sock, n_bytes):
    data = b""
    while len(data) < n_bytes:
        more = sock.recv(n_bytes - len(data))
        if not more:
            raise ConnectionError("closed by the other side")
        data += more
    return data


def read_packet(sock):
    size, = struct.unpack("!I", receive(sock, 4))
    data = receive(sock, size)
    return data[:1], data[1:]


def show_offer(data):
    """The body of a negotiation, either side's."""
    text = "version %d actions 0x%x steps 0x%x" % struct.unpack(
        "!III", data[:12])
    data = data[12:]
    while len(data) > 4:
        names, rest = data[4:].split(b"\0", 1)
        text += " macros-%d [%s]" % (
            struct.unpack("!I", data[:4])[0], names.decode())
        data = rest
    return text


def show_answer(kind, data):
    """What the milter sent; (text, is it the end of the answer?)"""
    if kind == b"y":
        return "reply " + visible(data.rstrip(b"\0")), True
    if kind in ANSWERS:
        return ANSWERS[kind], True
    if kind not in CHANGES:
        return "? " + visible(kind + data), True
    # change and insert begin with a number
    number = b""
    if kind in b"mi":
        number = b"%d " % struct.unpack("!I", data[:4])
        data = data[4:]
    return "%s %s" % (CHANGES[kind], visible(
        number + data.rstrip(b"\0").replace(b"\0", b" | "))), False


def connect_data(words):
    name, address = words
    if address == b"-":
        return name + b"\0U"
    match = re.fullmatch(rb"(?:\[(.*)\]|([0-9.]+))(?::(\d+))?", address)
    port = struct.pack("!H", int(match.group(3) or 40000))
    family, ip = (b"6", match.group(1)) if match.group(1) else (
        b"4", match.group(2))
    return name + b"\0" + family + port + ip + b"\0"


def step_data(name, rest):
    """The body of a step's packet, from the rest of its line."""
    words = [unescape(w) for w in rest.split(b" ") if w]
    if name == "connect":
        return connect_data(words)
    if name == "header":
        field, _, value = rest.partition(b" ")
        return unescape(field) + b"\0" + unescape(value) + b"\0"
    if name in ("helo", "unknown"):
        return unescape(rest) + b"\0"
    if name in ("mail", "rcpt"):
        return b"".join(w + b"\0" for w in words)
    return unescape(rest)


def macro_data(rest):
    stage, *words = rest.split(b" ")
    return STEPS[stage.decode()][0] + b"".join(
        unescape(w) + b"\0" for w in words)


def show_connect(data):
    name, rest = data.split(b"\0", 1)
    if rest[:1] == b"U":
        return "connect %s -" % escape(name, True)
    port, = struct.unpack("!H", rest[1:3])
    address = escape(rest[3:].rstrip(b"\0"), True)
    if rest[:1] == b"6":
        address = "[%s]" % address
    return "connect %s %s:%d" % (escape(name, True), address, port)


def show_step(kind, data):
    """The line of a packet that an MTA sent."""
    if kind == b"O":
        return "offer " + show_offer(data)
    strings = data.split(b"\0")[:-1]
    if kind == b"D":
        words = data[1:].split(b"\0")[:-1]
        return " ".join(["macro", NAMES[data[:1]]] + [
            escape(word, True) for word in words])
    if kind == b"C":
        return show_connect(data)
    name = NAMES.get(kind)
    if name is None:
        return "raw " + escape(kind + data)
    if name == "header":
        return "header %s %s" % (
            escape(strings[0], True), escape(strings[1]))
    if name in ("mail", "rcpt"):
        return " ".join([name] + [escape(word, True) for word in strings])
    if name in ("helo", "unknown"):
        return "%s %s" % (name, escape(strings[0]))
    return (name + " " + escape(data)).rstrip(" ")
