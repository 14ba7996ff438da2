#!/usr/bin/env python3
"""SMTP as tests need it: every byte under control, or many clients at once.

smtp.py talk PORT [--client IP] [--login NAME] LINE...
    Sends the lines one by one, each after the reply to the one before, and
    prints "C: line" and "S: reply". After a DATA that was answered 354 the
    lines up to "." are the mail; of a refused DATA they are skipped.
    \\xNN, \\r, \\n, \\t and \\\\ in a line are those bytes. Not sent, but done:
        @wait SECONDS     @drop (closes without QUIT)   @close (sends nothing)
        @repeat N LINE    with %d the number, from 1
        @file PATH        within a mail: the file's lines (@drop: as above)
    Without a QUIT, @drop or @close at the end it sends one itself, unprinted.
    --client and --login say who it is, unprinted, too: after the greeting by
    XCLIENT, if $SMTP_XCLIENT is not empty (the names of addresses are in the
    file $SMTP_HOSTS, lines of ADDRESS NAME); otherwise by connecting from that
    address, which must be ours, and by AUTH PLAIN after each first EHLO.

smtp.py load PORT[,PORT...] [--clients N] [--messages N] [--recipients N]
        [--login NAME] [--client IP] [--pause SECONDS] [--seconds S]
        [--from PATH] [--rcpt DOMAIN] [--helo NAME]
    N clients at once, spread over the ports, each sending its messages on one
    connection, with every recipient that was not refused. --seconds: goes on
    with new connections until the time is over. Prints, as NAME=VALUE lines,
    how often each code was the answer to helo, mail, rcpt, data and end, then
    lost (connections that broke), connections, seconds and slowest_ms, the
    longest wait for a reply.
"""
import argparse
import base64
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


IPV6_FREEBIND = 78  # the address is ours by a route, on no interface


def name_of(address):
    try:
        with open(os.environ["SMTP_HOSTS"]) as file:
            names = dict(line.split()[:2] for line in file)
            return names.get(address, "[UNAVAILABLE]")
    except OSError:
        return "[UNAVAILABLE]"


class Client:
    """One connection. reply() gives the code, 0 when the server is gone."""

    def __init__(self, port, address=None, login=None, is_printing=False):
        self.is_printing = is_printing
        self.slowest = 0.0
        self.address = address
        self.login = login
        self.has_xclient = bool(os.environ.get("SMTP_XCLIENT"))
        source = None if self.has_xclient else address
        if source and ":" in source:
            self.sock = socket.socket(socket.AF_INET6)
            self.sock.settimeout(30)
            self.sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
            self.sock.bind((source, 0))
            self.sock.connect(("::1", port))
        else:
            self.sock = socket.create_connection(
                ("127.0.0.1", port), timeout=30,
                source_address=(source, 0) if source else None)
        self.input = self.sock.makefile("rb")

    def silently(self, call, *arguments):
        was, self.is_printing = self.is_printing, False
        code = call(*arguments)
        self.is_printing = was
        return code

    def greeting(self):
        """With XCLIENT its reply is the greeting for that client."""
        if not self.has_xclient or not (self.address or self.login):
            return self.reply()
        code = self.silently(self.reply)
        if code != 220:
            return code
        what = b"XCLIENT"
        if self.address:
            what += b" ADDR=%s%s NAME=%s" % (
                b"IPV6:" if ":" in self.address else b"",
                self.address.encode(), name_of(self.address).encode())
        if self.login:
            what += b" LOGIN=" + self.login.encode()
        self.send(what)
        return self.reply()

    def hello(self, data):
        """EHLO, and the first time the login behind it."""
        code = self.command(data)
        if code == 250 and self.login and not self.has_xclient:
            secret = ("\0%s\0secret" % self.login).encode()
            was = self.silently(self.command,
                b"AUTH PLAIN " + base64.b64encode(secret))
            if was != 235:
                self.say("E", b"%d to AUTH" % was)
            self.login = None
        return code

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


def talk(port, arguments):
    who = {"--client": None, "--login": None}
    while arguments and arguments[0] in who:
        who[arguments[0]] = arguments[1]
        arguments = arguments[2:]
    client = Client(port, who["--client"], who["--login"], is_printing=True)
    lines = iter(list(expand(arguments)))
    is_over = client.greeting() == 0
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
        elif line.startswith("EHLO"):
            is_over = client.hello(unescape(line)) == 0
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
        client = Client(port, o.client, o.login)
        try:
            if client.greeting() != 220:
                raise ConnectionError("greeting")
            code = client.hello(b"EHLO " + o.helo.encode())
            self.count("helo_%d" % code)
            if code == 0:
                raise ConnectionError("helo")
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
    parser.add_argument("--client")
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
