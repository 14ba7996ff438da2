"""sink.py - where both MTAs deliver: an SMTP server that notes what came.

A mail is known by its X-Soak field. Noted are how often each recipient got it,
the sender, its fields and its body.
"""
import asyncio

MAIL_MAX = 64 * 1024 * 1024


def first_difference(sent, got):
    """None, or where a body was changed. Line ends at its end are the MTA's."""
    sent, got = sent.rstrip(b"\r\n"), got.rstrip(b"\r\n")
    if sent == got:
        return None
    for number, (a, b) in enumerate(zip(sent.split(b"\r\n"),
                                        got.split(b"\r\n")), 1):
        if a != b:
            return "line %d: %r became %r" % (number, a[:60], b[:60])
    return "%d bytes became %d" % (len(sent), len(got))


def fields_of(data):
    """Names and values; a folded value in one line."""
    head, _, body = data.partition(b"\r\n\r\n")
    fields = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1][1] += b" " + line.strip()
        else:
            name, _, value = line.partition(b":")
            fields.append([name, value.strip()])
    return [(name.decode("latin-1"), value.decode("latin-1"))
            for name, value in fields], body


class Delivered:
    def __init__(self, sender, fields, body):
        self.sender = sender
        self.fields = fields
        self.body = body
        self.recipients = {}


class Sink:
    def __init__(self):
        self.mails = {}
        self.n_strange = 0
        self.n_deliveries = 0
        self.server = None

    async def start(self, port):
        self.server = await asyncio.start_server(
            self.serve, "127.0.0.1", port, limit=MAIL_MAX, backlog=512)

    async def serve(self, reader, writer):
        try:
            await self.talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass # the MTA tries again
        finally:
            writer.close()

    async def talk(self, reader, writer):
        sender, recipients = "", []
        writer.write(b"220 sink.example ESMTP\r\n")
        while True:
            line = (await reader.readuntil(b"\n")).decode("latin-1").strip()
            verb = line.upper()
            if verb.startswith("EHLO"):
                writer.write(b"250-sink.example\r\n250-PIPELINING\r\n"
                             b"250-8BITMIME\r\n250 SMTPUTF8\r\n")
            elif verb.startswith("MAIL"):
                sender, recipients = address_of(line), []
                writer.write(b"250 2.1.0 ok\r\n")
            elif verb.startswith("RCPT"):
                recipients.append(address_of(line))
                writer.write(b"250 2.1.5 ok\r\n")
            elif verb.startswith("DATA"):
                writer.write(b"354 go on\r\n")
                data = await reader.readuntil(b"\r\n.\r\n")
                self.note(sender, recipients, data[:-3])
                writer.write(b"250 2.0.0 ok\r\n")
            elif verb.startswith("QUIT"):
                writer.write(b"221 2.0.0 bye\r\n")
                return
            else:
                writer.write(b"250 2.0.0 ok\r\n")

    def note(self, sender, recipients, data):
        fields, body = fields_of(data.replace(b"\r\n.", b"\r\n"))
        ident = next((v for n, v in fields if n == "X-Soak"), None)
        if ident is None:
            self.n_strange += 1 # a bounce, for one: nobody should send any
            return
        self.n_deliveries += len(recipients)
        mail = self.mails.setdefault(ident, Delivered(sender, fields, body))
        for address in recipients:
            mail.recipients[address] = mail.recipients.get(address, 0) + 1


def address_of(line):
    return line.partition("<")[2].partition(">")[0]
