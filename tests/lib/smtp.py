#!/usr/bin/env python3
"""SMTP as tests need it: every byte under control, or many clients at once.

smtp.py talk PORT LINE...
    Sends the lines one by one, each after the reply to the one before, and
    prints "C: line" and "S: reply". After a DATA that was answered 354 the
    lines up to "." are the mail; of a refused DATA they are skipped.
    \\xNN, \\r, \\n, \\t and \\\\ in a line are those bytes. Not sent, but done:
        @wait SECONDS     @drop (closes without QUIT)   @close (sends nothing)
        @repeat N LINE    with %d the number, from 1
        @file PATH        within a mail: the file's lines (@drop: as above)
    $SMTP_SOURCE is the address that it comes from (127.0.0.1).
    Without a QUIT, @drop or @close at the end it sends one itself, unprinted.

smtp.py load PORT[,PORT...] [--clients N] [--messages N] [--recipients N]
        [--login NAME] [--address IP] [--pause SECONDS] [--seconds S]
        [--from PATH] [--rcpt DOMAIN] [--helo NAME]
    N clients at once, spread over the ports, each sending its messages on one
    connection, with every recipient that was not refused. --seconds: goes on
    with new connections until the time is over. Prints, as NAME=VALUE lines,
    how often each code was the answer to helo, mail, rcpt, data and end, then
    lost (connections that broke), connections, seconds and slowest_ms, the
    longest wait for a reply.
"""
import argparse
import collections
import os
import re
import socket
import sys
import threading
import time

ESCAPES = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}


def unescape(text):
    def one(match):
        what = match.group(1)
        return bytes([int(what[1:], 16)]) if what[:1] == b"x" else ESCAPES[what]

    return re.sub(rb"\\(x[0-9a-fA-F]{2}|[rnt\\])", one, os.fsencode(text))


def visible(data):
    return "".join(
        chr(c) if 0x20 <= c < 0x7F else "\\x%02x" % c for c in data)


class Client:
    """One connection. reply() gives the code, 0 when the server is gone."""

    def __init__(self, port, is_printing=False):
        self.is_printing = is_printing
        self.slowest = 0.0
        source = os.environ.get("SMTP_SOURCE")
        self.sock = socket.create_connection(
            ("127.0.0.1", port), timeout=30,
            source_address=(source, 0) if source else None)
        self.input = self.sock.makefile("rb")

    def say(self, who, data):
        if self.is_printing:
            print(who + ": " + visible(data), flush=True)

    def send(self, data):
        try:
            self.sock.sendall(data + b"\r\n")
        except OSError:
            pass  # the reply tells

    def reply(self):
        since = time.monotonic()
        try:
            while True:
                line = self.input.readline()
                if not line.endswith(b"\n"):
                    self.say("E", b"connection lost")
                    return 0
                line = line.rstrip(b"\r\n")
                self.say("S", line)
                if line[3:4] != b"-":
                    break
        except OSError as error:
            self.say("E", str(error).encode())
            return 0
        self.slowest = max(self.slowest, time.monotonic() - since)
        return int(line[:3])

    def command(self, data):
        self.say("C", data)
        self.send(data)
        return self.reply()

    def mail(self, lines, is_whole=True):
        """Sends the lines of a mail and the dot."""
        stuffed = [b"." + l if l.startswith(b".") else l for l in lines]
        self.send(b"\r\n".join(stuffed + [b"."] if is_whole else stuffed))
        if not is_whole:
            return 0
        self.say("C", b"(%d lines)" % len(lines))
        return self.reply()

    def close(self):
        self.input.close()
        self.sock.close()


def expand(lines):
    for line in lines:
        if line.startswith("@repeat "):
            _, n, rest = line.split(" ", 2)
            for i in range(1, int(n) + 1):
                yield rest.replace("%d", str(i))
        else:
            yield line


def take_mail(lines):
    """The lines up to the dot, and whether it came (@drop stands before it)."""
    mail = []
    for line in lines:
        if line == ".":
            return mail, True
        if line == "@drop":
            break
        if line.startswith("@file "):
            with open(line[6:], "rb") as file:
                mail += file.read().split(b"\n")
        else:
            mail.append(unescape(line))
    return mail, False


def talk(port, lines):
    client = Client(port, is_printing=True)
    lines = iter(list(expand(lines)))
    is_over = client.reply() == 0
    for line in lines:
        if line.startswith("@wait "):
            time.sleep(float(line[6:]))
        elif line == "@drop" or line == "@close":
            is_over = True
            break
        elif line.startswith("DATA"):
            code = client.command(unescape(line))
            mail, is_whole = take_mail(lines)
            if code == 354:
                code = client.mail(mail, is_whole)
            is_over = is_over or code == 0
        else:
            is_over = client.command(unescape(line)) == 0 or line == "QUIT"
        if is_over:
            break
    if not is_over:
        client.send(b"QUIT")
    client.close()


class Load:
    def __init__(self, options):
        self.options = options
        self.counts = collections.Counter()
        self.slowest = 0.0
        self.lock = threading.Lock()
        self.start = threading.Barrier(options.clients + 1)

    def count(self, name, n=1):
        with self.lock:
            self.counts[name] += n

    def step(self, client, name, data):
        code = client.command(data)
        self.count("%s_%d" % (name, code))
        if code == 0:
            raise ConnectionError(name)
        return code

    def message(self, client, number):
        o = self.options
        if self.step(client, "mail", b"MAIL FROM:" + o.sender.encode()) != 250:
            return
        accepted = 0
        for i in range(o.recipients):
            path = "<r%d-%d@%s>" % (number, i, o.rcpt)
            code = self.step(client, "rcpt", b"RCPT TO:" + path.encode())
            accepted += code == 250
            if o.pause:
                time.sleep(o.pause)
        if accepted == 0:
            client.command(b"RSET")
        elif self.step(client, "data", b"DATA") == 354:
            code = client.mail([b"Subject: load", b"", b"One line."])
            self.count("end_%d" % code)
            if code == 0:
                raise ConnectionError("end")
        else:
            client.command(b"RSET")

    def connection(self, port, number):
        o = self.options
        self.count("connections")
        client = Client(port)
        try:
            if client.reply() != 220:
                raise ConnectionError("greeting")
            if o.login or o.address:
                what = "XCLIENT ADDR=%s" % (o.address or "192.0.2.1")
                what += " LOGIN=%s" % o.login if o.login else ""
                if client.command(what.encode()) != 220:
                    raise ConnectionError("xclient")
            self.step(client, "helo", b"EHLO " + o.helo.encode())
            for i in range(o.messages):
                self.message(client, number * 1000 + i)
            client.command(b"QUIT")
        finally:
            with self.lock:
                self.slowest = max(self.slowest, client.slowest)
            client.close()

    def client(self, number):
        o = self.options
        port = o.ports[number % len(o.ports)]
        self.start.wait()
        until = time.monotonic() + o.seconds
        while True:
            try:
                self.connection(port, number)
            except (OSError, ValueError) as error:
                self.count("lost")
                print("# client %d: %s" % (number, error), file=sys.stderr)
            if time.monotonic() >= until:
                return

    def run(self):
        threads = [threading.Thread(target=self.client, args=(n,))
                   for n in range(self.options.clients)]
        for thread in threads:
            thread.start()
        self.start.wait()
        since = time.monotonic()
        for thread in threads:
            thread.join()
        for name in sorted(self.counts):
            print("%s=%d" % (name, self.counts[name]))
        print("seconds=%.2f" % (time.monotonic() - since))
        print("slowest_ms=%d" % (self.slowest * 1000))


def load(arguments):
    parser = argparse.ArgumentParser(prog="smtp.py load")
    parser.add_argument("ports")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--messages", type=int, default=1)
    parser.add_argument("--recipients", type=int, default=1)
    parser.add_argument("--login")
    parser.add_argument("--address")
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--from", dest="sender", default="<a@example.org>")
    parser.add_argument("--rcpt", default="example.net")
    parser.add_argument("--helo", default="client.example.org")
    options = parser.parse_args(arguments)
    options.ports = [int(p) for p in options.ports.split(",")]
    Load(options).run()


def main():
    if len(sys.argv) >= 3 and sys.argv[1] == "talk":
        talk(int(sys.argv[2]), sys.argv[3:])
    elif len(sys.argv) >= 3 and sys.argv[1] == "load":
        load(sys.argv[2:])
    else:
        sys.exit(__doc__)


main()
