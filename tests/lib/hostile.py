#!/usr/bin/env python3
"""hostile.py - text of strangers at its worst, and whether any of it came out.

hostile.py smtp SOCKET          an MTA that tells the milter of such a client
hostile.py mail FILE            writes a mail made of it
hostile.py redis PORT PREFIX    what somebody with write access to Redis puts
                                there: events, locks, tables, hosts, counters
hostile.py judge FILE...        every line of each is UTF-8 and free of what
                                steers a terminal or is not seen; of a file
                                NAME.json it is JSON as well. Prints what is
                                wrong and exits with 1.
"""
import email.message
import io
import json
import os
import socket
import subprocess
import sys
import time
import zipfile

# Control bytes, sequences of a terminal (7-bit, C1 as a character and as a
# byte), ends of lines, marks of direction, what nobody sees, no UTF-8.
TEXTS = [
    b"\x1b[2Jscreen\x1b]0;title\x07",
    b"\xc2\x9b31mred \x9b31m\x90",
    b"line\r\nsluiced[1]: rule=fake",
    "invoice\u202efdp.exe \u2066x\u2069\u200e\u200f\u061c".encode(),
    "z\u200be\ufeffr\u2060o\u00ad \u2028 \u2029 \U000e0041".encode(),
    b"\xff\xfe\xed\xa0\x80 \x08\x7f\x01",
    b'" until=9999999999 x="\\ %s%n {a} \t',
]
ALL = b" ".join(TEXTS)


def forbidden(code):
    return (code < 0x20 or 0x7F <= code < 0xA0 or code in (0xAD, 0x61C, 0x2028,
            0x2029, 0xFEFF) or 0x200B <= code <= 0x200F or 0x202A <= code <= 0x202E
            or 0x2060 <= code <= 0x206F or 0xE0000 <= code <= 0xE007F)


# --- an MTA ------------------------------------------------------------------

def quoted(data):
    """As milter.py reads bytes of a step."""
    return "".join("\\x%02x" % byte for byte in data)


def smtp(path):
    tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), "milter.py")
    for text in TEXTS + [ALL]:
        value = quoted(text)
        steps = ["connect %s 192.0.2.1" % value,
                 "macro mail i %s" % value, "macro mail {auth_authen} %s" % value,
                 "helo %s" % value, "mail <%s@example.org> %s" % (value, value),
                 "rcpt <%s@example.net>" % value, "rcpt <echo%s@example.net>" % value,
                 "data", "header Subject %s" % value, "header %s x" % value,
                 "header From %s" % value]
        body = mime(text).split(b"\n\n", 1)
        for line in body[0].split(b"\n"):
            name, _, rest = line.partition(b": ")
            steps.append("header %s %s" % (name.decode(), quoted(rest)))
        steps += ["eoh", "body " + quoted(body[1].replace(b"\n", b"\r\n")), "end"]
        subprocess.run([sys.executable, tool, "--rude", "--wait", "10", path] + steps,
                       check=True)


def mime(text):
    """A mail with text in every name, and in an archive in it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(text.decode("utf-8", "replace") + ".exe", b"MZ")
    message = email.message.EmailMessage()
    message.set_content("See https://example.net/x\n")
    message.add_attachment(archive.getvalue(), maintype="application",
                           subtype="zip", filename="a.zip")
    name = "".join("%%%02X" % byte for byte in text)
    return message.as_bytes().replace(
        b'filename="a.zip"', b"filename*=utf-8''" + name.encode() + b".zip")


def mail(path):
    fields = b""
    for number, text in enumerate(TEXTS):
        text = text.replace(b"\r\n", b" ")
        fields += b"Subject: " + text + b"\nX-%d: " % number + text + b"\n"
        fields += b"From: \"" + text + b"\" <a" + text + b"@example.org>\n"
    with open(path, "wb") as file:
        file.write(b"Return-Path: <a" + TEXTS[0] + b"@example.org>\n" + fields + mime(ALL))


# --- Redis -------------------------------------------------------------------

def ask(file, *words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    file.write(b"*%d\r\n" % len(words))
    for word in words:
        file.write(b"$%d\r\n%s\r\n" % (len(word), word))
    file.flush()
    answer = file.readline()
    if answer[:1] == b"-":
        sys.exit("Redis: %r to %r" % (answer, words))
    if answer[:1] == b"$":
        file.readline()


def events(file, name):
    for event in ("verdict", "crossing", "operator", None):
        words = [name("events"), "*"] + (["event", event] if event else [b"event", ALL])
        for field in ("host", "ref", "refs", "stage", "action", "code", "rule", "limit",
                      "key", "used", "max", "window", "client", "user", "from", "rcpt",
                      "queue", "crossing", "by", "did", "table", "entry", "raise",
                      "reason", "repeats", "until", "fact.subject", "observed"):
            words += [field, b"near" if (event, field) == ("crossing", "crossing") else ALL]
        ask(file, "XADD", *words, b"fact." + ALL, ALL, ALL, ALL)


def redis(port, prefix):
    with socket.create_connection(("127.0.0.1", int(port)), 10) as connection:
        file = connection.makefile("rwb")

        def name(*parts):
            return b":".join([prefix.encode()] + [
                part if isinstance(part, bytes) else part.encode() for part in parts])
        now, day = time.time(), time.strftime("%Y-%m-%d", time.gmtime()).encode()
        until = b"until=%d reason=\"" % (now + 3600)
        events(file, name)
        for key in [b"anna@example.org", ALL] + TEXTS:
            tag = b"{" + key + b"}"
            slot = b"9/10 %d 0 0 0 0 0 0 0 0 9" % (now // 450)
            ask(file, "HSET", name("limit", "pace", tag), "recipients.1h", slot, ALL, ALL)
            ask(file, "SET", name("lock", "pace", tag), until + ALL + b"\" by=\"" + ALL + b"\"")
            ask(file, "SET", name("grant", "pace", tag), b"x5 " + until + ALL + b"\" by=" + ALL)
            ask(file, "ZADD", name("hot", "pace"), int(now * 1000), key)
            ask(file, "HSET", name("table", "seen"), key, b"0 " + ALL)
            ask(file, "HSET", name("rule", key), day + b".reject", "3", day + b"." + ALL, "4",
                ALL, "5")
            ask(file, "ZADD", name("rules"), int(now * 1000), key)
            ask(file, "HSET", name("host", key), "version", ALL, "rules", ALL, "timezone", ALL,
                "store", ALL, "mode", ALL, "started", int(now), ALL, ALL)
            ask(file, "ZADD", name("hosts"), int(now * 1000), key)
            ask(file, "SET", name("switch", key), until + ALL + b"\" by=\"" + ALL + b"\"")


# --- what came out -----------------------------------------------------------

def judge(path):
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".json") and data == b"":
        return []
    wrong = []
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            bad = [c for c in line.decode() if forbidden(ord(c)) and c != "\t"]
        except UnicodeDecodeError:
            bad = ["no UTF-8"]
        if line.startswith(b"sluiced[1]"):
            bad = ["the end of a line in a value"]
        if bad:
            wrong.append("%s:%d: %r in %r" % (path, number, bad[0], line[:200]))
        if line.startswith((b"{", b"[")) and path.endswith(".lines.json"):
            json.loads(line)
    if path.endswith(".json") and not path.endswith(".lines.json"):
        try:
            json.loads(data)
        except ValueError as error:
            wrong.append("%s: no JSON: %s" % (path, error))
    return wrong


def main():
    verb, arguments = sys.argv[1], sys.argv[2:]
    if verb != "judge":
        {"smtp": smtp, "mail": mail, "redis": redis}[verb](*arguments)
        return
    wrong = [line for path in arguments for line in judge(path)]
    print("\n".join(wrong[:20]))
    sys.exit(1 if wrong else 0)


main()
