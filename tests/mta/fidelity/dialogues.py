#!/usr/bin/env python3
"""SMTP dialogues worth recording: dialogues.py PORT NAME, see DIALOGUES."""
import base64
import socket
import ssl
import sys

MAIL = "Subject: %s\r\nX-Old: one\r\nX-Folded: a\r\n\tb\r\n\r\n%s\r\n.\r\n"


class Client:
    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), 30)
        self.input = self.sock.makefile("rb")
        self.reply()

    def reply(self):
        line = self.input.readline()
        while line[3:4] == b"-":
            line = self.input.readline()
        return line

    def say(self, *lines):
        """Each after the reply to the one before; the last reply."""
        reply = b""
        for line in lines:
            try:
                self.sock.sendall(line.encode() + b"\r\n")
                reply = self.reply()
            except OSError:
                return b""  # a refused client may be cut off
        return reply

    def mail(self, subject, body="body"):
        if self.say("DATA").startswith(b"354"):
            self.sock.sendall((MAIL % (subject, body)).encode())
            self.reply()

    def send(self, sender, recipients, subject, body="body"):
        self.say("MAIL FROM:<%s>" % sender)
        for recipient in recipients:
            self.say("RCPT TO:<%s>" % recipient)
        self.mail(subject, body)

    def tls(self):
        self.say("STARTTLS")
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.sock = context.wrap_socket(self.sock)
        self.input = self.sock.makefile("rb")


def plain(client):
    client.say("EHLO client.example")
    client.send("a@example.org", ["b@example.net"], "one")
    client.send("", ["b@example.net", "c@example.net"], "two", "x" * 500)
    client.say("QUIT")


def refused(client):
    client.say("EHLO client.example", "MAIL FROM:<refuse@example.org>",
               "MAIL FROM:<later@example.org>")
    client.send("a@example.org", [
        "refuse@example.net", "later@example.net", "b@example.net"], "fine")
    client.send("a@example.org", ["refuse@example.net"], "no recipient")
    client.say("RSET")
    client.send("a@example.org", ["data@example.net"], "fine")
    client.say("RSET")
    client.send("a@example.org", ["b@example.net"], "refuse")
    client.send("a@example.org", ["b@example.net"], "fine", "refuse")
    client.send("a@example.org", ["b@example.net"], "discard")
    client.send("a@example.org", ["b@example.net"], "quarantine")
    client.send("a@example.org", ["b@example.net"], "fine")
    client.say("QUIT")


def helo(client):
    client.say("HELO one.example", "EHLO two.example",
               "MAIL FROM:<a@example.org>", "EHLO three.example",
               "MAIL FROM:<a@example.org>", "RCPT TO:<b@example.net>",
               "HELO refuse.example", "MAIL FROM:<a@example.org>",
               "RCPT TO:<b@example.net>", "QUIT")


def aborted(client):
    client.say("EHLO client.example", "MAIL FROM:<a@example.org>", "RSET",
               "MAIL FROM:<a@example.org>", "MAIL FROM:<b@example.org>",
               "RCPT TO:<b@example.net>", "RSET", "RSET", "DATA",
               "RCPT TO:<b@example.net>", "FOO bar", "VRFY b", "NOOP",
               "MAIL FROM:<a@example.org>", "RCPT TO:<b@example.net>", "QUIT")


def dropped(client):
    client.say("EHLO client.example", "MAIL FROM:<a@example.org>",
               "RCPT TO:<b@example.net>", "DATA")
    client.sock.sendall(b"Subject: half\r\n\r\nhalf a bo")


def changed(client):
    client.say("EHLO client.example")
    client.send("a@example.org", ["b@example.net"], "change")
    client.send("a@example.org", ["b@example.net"], "fine")
    client.say("QUIT")


def secured(client):
    client.say("EHLO client.example")
    client.tls()
    client.say("EHLO client.example")
    client.send("a@example.org", ["b@example.net"], "one")
    client.say("QUIT")


def login(client):
    client.say("EHLO client.example", "AUTH PLAIN " + base64.b64encode(
        b"\0Anna\0secret").decode())
    client.send("anna@example.org", ["b@example.net"], "change")
    client.say("QUIT")


def xclient(client):
    client.say("EHLO client.example",
               "XCLIENT ADDR=192.0.2.9 NAME=host.example PORT=4444 LOGIN=joe",
               "EHLO host.example")
    client.send("a@example.org", ["b@example.net"], "one")
    client.say("XCLIENT ADDR=IPV6:2001:db8::9 NAME=[UNAVAILABLE]",
               "EHLO six.example", "MAIL FROM:<a@example.org>",
               "RCPT TO:<b@example.net>", "RSET", "XCLIENT ADDR=203.0.113.9",
               "EHLO refuse.example", "MAIL FROM:<a@example.org>",
               "RCPT TO:<b@example.net>", "QUIT")


def utf8(client):
    client.say("EHLO client.example", "MAIL FROM:<jörg@exämple.org> SMTPUTF8",
               "RCPT TO:<ünal@exämple.net>")
    client.mail("Grüße")
    client.say("QUIT")


def pipelined(client):
    client.say("EHLO client.example")
    client.sock.sendall(
        b"MAIL FROM:<a@example.org> SIZE=100 BODY=8BITMIME\r\n"
        b"RCPT TO:<refuse@example.net>\r\nRCPT TO:<b@example.net>\r\n"
        b"RCPT TO:<unknown@example.net>\r\nDATA\r\n")
    for _ in range(5):
        client.reply()
    client.sock.sendall((MAIL % ("one", "body")).encode() + b"QUIT\r\n")
    client.reply()
    client.reply()


DIALOGUES = {function.__name__: function for function in (
    plain, refused, helo, aborted, dropped, changed, secured, login, xclient,
    utf8, pipelined)}

if __name__ == "__main__":
    DIALOGUES[sys.argv[2]](Client(int(sys.argv[1])))
