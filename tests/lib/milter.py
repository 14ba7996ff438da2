#!/usr/bin/env python3
"""The MTA's side of the milter protocol, byte by byte.

milter.py [OPTION...] SOCKET STEP...
milter.py --replay FILE SOCKET
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
    next (the connection of the milter is kept for another client)
    raw BYTES (sent as they are) · drop (closes the connection) · sleep SECONDS
    hang (leaves the connection open, and this program, until it is killed)

--replay does what a recording says (milter_record.py makes them): lines
"> STEP" are sent as they are, each "< ANSWER" is what the milter must say; the
reference of a refusal may differ. Prints what differs, and the number of
packets at the end.

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

from milterwire import (ANSWERS, STEPS, macro_data, pack, read_packet,
                        show_answer, show_offer, step_data, unescape, visible)


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
        self.sock.sendall(pack(command, data))

    def negotiate(self):
        o = self.offered
        self.send(b"O", struct.pack("!III", o.version, o.actions, o.steps))
        kind, data = read_packet(self.sock)
        if kind != b"O":
            return "refused: " + ANSWERS.get(kind, visible(kind))
        self.steps, = struct.unpack("!I", data[8:12])
        return show_offer(data)

    def answer(self):
        """The answer, after the changes that came before it."""
        changes = []
        while True:
            text, is_end = show_answer(*read_packet(self.sock))
            if is_end:
                return changes, text
            changes.append(text)

    def step(self, name, data):
        command, no_step, no_reply = STEPS[name]
        if self.steps & no_step:
            return [], "skipped"
        self.send(command, data)
        if no_reply is None or self.steps & no_reply:
            return [], "-"
        return self.answer()


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
        milter.send(b"D", macro_data(rest))
    elif name == "raw":
        milter.sock.sendall(unescape(rest))
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


def without_ref(text):
    return re.sub(r"\(ref [^)]*\)", "(ref)", text)


class Replay:
    """A recording, line by line; each connection on one of its own."""

    def __init__(self, options):
        self.options = options
        self.milter = None
        self.n_packets = 0
        self.n_different = 0

    def say(self, number, line):
        name, _, rest = os.fsencode(line).partition(b" ")
        name = name.decode()
        self.n_packets += 1
        if name == "offer":
            self.milter = Milter(self.options)
            words = rest.split(b" ")
            self.milter.send(b"O", struct.pack(
                "!III", *(int(words[i], 0) for i in (1, 3, 5))))
        elif name == "drop":
            self.milter.sock.close()
        elif name == "macro":
            self.milter.send(b"D", macro_data(rest))
        elif name in STEPS:
            self.milter.send(STEPS[name][0], step_data(name, rest))
        else:
            raise ValueError("line %d: %s?" % (number, name))

    def hear(self, number, want):
        kind, data = read_packet(self.milter.sock)
        got = show_offer(data) if kind == b"O" else show_answer(kind, data)[0]
        self.n_packets += 1
        if without_ref(got) != without_ref(want):
            self.n_different += 1
            print("line %d: want %s\nline %d: got  %s" % (
                number, want, number, got))

    def run(self):
        with open(self.options.replay, encoding="ascii") as lines:
            for number, line in enumerate(lines, 1):
                if line.startswith("> "):
                    self.say(number, line[2:].rstrip("\n"))
                elif line.startswith("< "):
                    self.hear(number, line[2:].rstrip("\n"))
        print("replayed %d packets, %d differ" % (
            self.n_packets, self.n_different))
        return self.n_different == 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    number = {"type": lambda text: int(text, 0)}
    parser.add_argument("--version", default=6, **number)
    parser.add_argument("--actions", default=0x1FF, **number)
    parser.add_argument("--steps", default=0x1FFFFF, **number)
    parser.add_argument("--wait", type=float, default=30)
    parser.add_argument("--rude", action="store_true")
    parser.add_argument("--replay")
    parser.add_argument("socket")
    parser.add_argument("step", nargs="*")
    options = parser.parse_args()
    try:
        if options.replay:
            sys.exit(0 if Replay(options).run() else 1)
        milter = Milter(options)
        print("negotiated: " + milter.negotiate(), flush=True)
        for line in options.step:
            if not run_step(milter, line):
                return
    except OSError as error:
        print("error: %s" % error)
        sys.exit(1)


main()
