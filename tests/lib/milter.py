#!/usr/bin/env python3
"""The MTA's side of the milter protocol, byte by byte.

milter.py [OPTION...] SOCKET STEP...
    SOCKET: /path or HOST:PORT. Prints one line for each step: what came back.

Options (what this MTA offers; numbers as in Sendmail's mfdef.h):
    --version N (6)   --actions N (0x1ff)   --steps N (0x1fffff)   --wait S (30)
    --rude: goes on as if nothing had been refused

Steps; \\xNN, \\r, \\n, \\t and \\\\ are those bytes; words are separated by
blanks (\\x20 is a blank within one):
    connect NAME ADDRESS[:PORT]   ADDRESS: IPv4, IPv6 in [], or - for none
    macro STEP NAME VALUE...      STEP: connect helo mail rcpt data eoh end
    helo NAME · mail PATH PARAMS... · rcpt PATH PARAMS... · data · unknown LINE
    header NAME VALUE (the rest of the line) · eoh · body BYTES
    fill N (a body chunk of N bytes) · end · abort · quit
    drop (closes the connection) · sleep SECONDS
    hang (leaves the connection open, and this program, until it is killed)

Printed: "negotiated: version … actions … steps … macros …", then for a step
"STEP: continue", "STEP: accept", "STEP: reply 450 4.7.1 text", …, or "STEP: -"
when its reply was negotiated away and "STEP: skipped" when the step itself
was. The message's end prints the changes before its answer. As an MTA does,
it leaves out what would follow a refusal: the rest of the message (of the
connection after connect and helo).
"""
import argparse
import os
import re
import socket
import struct
import sys
import time

ESCAPES = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}
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
}
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


def visible(data):
    return "".join(
        chr(c) if 0x20 <= c < 0x7F else "\\x%02x" % c for c in data)


class Milter:
    def __init__(self, options):
        if options.socket.startswith("/"):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(options.wait)
            self.sock.connect(options.socket)
        else:
            host, port = options.socket.rsplit(":", 1)
            self.sock = socket.create_connection(
                (host.strip("[]"), int(port)), options.wait)
        self.offered = options
        self.steps = 0
        self.is_refused = None

    def send(self, command, data=b""):
        self.sock.sendall(struct.pack("!I", len(data) + 1) + command + data)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise ConnectionError("closed by the milter")
            data += more
        return data

    def packet(self):
        size, = struct.unpack("!I", self.exactly(4))
        data = self.exactly(size)
        return data[:1], data[1:]

    def negotiate(self):
        o = self.offered
        self.send(b"O", struct.pack("!III", o.version, o.actions, o.steps))
        kind, data = self.packet()
        if kind != b"O":
            return "refused: " + ANSWERS.get(kind, visible(kind))
        version, actions, self.steps = struct.unpack("!III", data[:12])
        return "version %d actions 0x%x steps 0x%x%s" % (
            version, actions, self.steps, self.macros(data[12:]))

    @staticmethod
    def macros(data):
        text = ""
        while len(data) > 4:
            names, rest = data[4:].split(b"\0", 1)
            text += " macros-%d [%s]" % (
                struct.unpack("!I", data[:4])[0], names.decode())
            data = rest
        return text

    def answer(self):
        """The answer, after the changes that came before it."""
        changes = []
        while True:
            kind, data = self.packet()
            if kind == b"y":
                answer = "reply " + visible(data.rstrip(b"\0"))
            elif kind in ANSWERS:
                answer = ANSWERS[kind]
            elif kind in CHANGES:
                # change and insert begin with a number
                number = b""
                if kind in b"mi":
                    number = b"%d " % struct.unpack("!I", data[:4])
                    data = data[4:]
                changes.append("%s %s" % (CHANGES[kind], visible(
                    number + data.rstrip(b"\0").replace(b"\0", b" | "))))
                continue
            else:
                answer = "? " + visible(kind + data)
            return changes, answer

    def step(self, name, data):
        command, no_step, no_reply = STEPS[name]
        if self.steps & no_step:
            return [], "skipped"
        self.send(command, data)
        if no_reply is None or self.steps & no_reply:
            return [], "-"
        return self.answer()


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


def goes_on(name, answer):
    """Would an MTA go on with this message (connection) after the answer?"""
    if name == "rcpt":
        return True
    return answer.split(" ")[0] in ("continue", "skip", "skipped", "-")


def run_step(milter, line):
    first, _, rest = os.fsencode(line).partition(b" ")
    name = first.decode()
    if name == "mail" and milter.is_refused == "message":
        milter.is_refused = None
    if milter.is_refused and name in STEPS and name != "quit":
        return True
    if name == "sleep":
        time.sleep(float(rest))
    elif name == "hang":
        time.sleep(3600)
    elif name == "macro":
        stage, *words = rest.split(b" ")
        milter.send(b"D", STEPS[stage.decode()][0] + b"".join(
            unescape(w) + b"\0" for w in words))
    elif name == "drop":
        milter.sock.close()
        return False
    else:
        data = step_data(name, rest)
        if name == "fill":
            name, data = "body", (b"0123456789abcdef" * 64 + b"\r\n") * (
                int(rest) // 1026 + 1)
            data = data[:int(rest)]
        changes, answer = milter.step(name, data)
        for change in changes:
            print("%s: %s" % (name, change))
        print("%s: %s" % (name, answer), flush=True)
        if not goes_on(name, answer) and not milter.offered.rude:
            milter.is_refused = (
                "connection" if name in ("connect", "helo") else "message")
    return True


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    number = {"type": lambda text: int(text, 0)}
    parser.add_argument("--version", default=6, **number)
    parser.add_argument("--actions", default=0x1FF, **number)
    parser.add_argument("--steps", default=0x1FFFFF, **number)
    parser.add_argument("--wait", type=float, default=30)
    parser.add_argument("--rude", action="store_true")
    parser.add_argument("socket")
    parser.add_argument("step", nargs="*")
    options = parser.parse_args()
    try:
        milter = Milter(options)
        print("negotiated: " + milter.negotiate(), flush=True)
        for line in options.step:
            if not run_step(milter, line):
                return
    except OSError as error:
        print("error: %s" % error)
        sys.exit(1)


main()
