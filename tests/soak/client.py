"""client.py - one conversation by SMTP, as its plan says, and what came of it.

What is noted is a list of events (a word, its arguments, the reply) for
story.py; a reply is its code and text. A client skips what makes no sense after
a refusal: recipients of a message that was refused, DATA without a recipient.
"""
import asyncio
import base64
import contextlib
import socket
import time

IPV6_FREEBIND = 78  # the address is ours by a route, on no interface
BETWEEN_SECONDS = 0.5 # two connections: what the first gives back is not
                      # waited for by the second
REPLY_SECONDS = 120 # far above any that is right, and the client counts as lost
SLOW_PIECES = 12
UPSET = (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError)


class Lost(Exception):
    """The server went away, or said nothing for REPLY_SECONDS."""


class Door:
    """A port of an MTA, and what one can do there."""

    def __init__(self, mta, name, port, has_xclient):
        self.mta = mta
        self.name = name
        self.port = port
        self.has_xclient = has_xclient


class Event:
    def __init__(self, word, args=(), reply=(0, ""), since=0.0):
        self.word = word
        self.args = args
        self.code, self.text = reply
        self.since = since
        self.until = time.monotonic()


class Conversation:
    """Its plan, its events by connection, and when it was."""

    def __init__(self, plan, mails, latencies):
        self.plan = plan
        self.mails = mails
        self.latencies = latencies
        self.connections = []
        self.dialogue = []
        self.since = time.monotonic()
        self.until = None
        self.lost = None

    async def run(self):
        for steps in self.plan.connections:
            connection = Connection(self)
            self.connections.append(connection.events)
            try:
                await connection.run(steps)
            except Lost as error:
                self.lost = str(error)
            finally:
                connection.close()
            if self.lost or connection.is_refused:
                break
            if steps is not self.plan.connections[-1]:
                await asyncio.sleep(BETWEEN_SECONDS)
        self.until = time.monotonic()


class Connection:
    def __init__(self, conversation):
        self.conversation = conversation
        self.plan = conversation.plan
        self.events = []
        self.reader = self.writer = None
        self.is_refused = False
        self.is_over = False
        self.has_login = False
        self.forget()

    def forget(self):
        """No message is open."""
        self.has_mail = False
        self.skips_message = False
        self.n_accepted = 0

    def say(self, who, text):
        conversation = self.conversation
        conversation.dialogue.append("%6.2f %s: %s" % (
            time.monotonic() - conversation.since, who, text[:200]))

    def close(self):
        if self.writer is not None:
            self.writer.transport.abort()

    async def open(self):
        door = self.plan.door
        where = ("127.0.0.1", door.port)
        family = socket.AF_INET
        if not door.has_xclient and ":" in self.plan.address:
            where, family = ("::1", door.port), socket.AF_INET6
        sock = socket.socket(family)
        try:
            sock.setblocking(False)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
            if not door.has_xclient:
                sock.bind((self.plan.address, 0))
            await asyncio.get_running_loop().sock_connect(sock, where)
            self.reader, self.writer = await asyncio.open_connection(sock=sock)
        except OSError:
            sock.close()
            raise

    async def reply(self, word):
        since = time.monotonic()
        texts = []
        try:
            while True:
                line = await asyncio.wait_for(
                    self.reader.readline(), REPLY_SECONDS)
                if not line.endswith(b"\n"):
                    raise Lost("connection lost, awaiting %s" % word)
                text = line.decode("latin-1").rstrip()
                if text[3:4] != "-": # of several lines the last
                    self.say("S", text)
                texts.append(text[4:])
                if text[3:4] != "-":
                    break
        except UPSET as error:
            raise Lost("%r, awaiting %s" % (error, word)) from error
        self.conversation.latencies.note(word, time.monotonic() - since)
        return int(text[:3]), " ".join(texts)

    async def send(self, data):
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError as error:
            raise Lost("%r, sending" % error) from error

    async def command(self, word, line):
        self.say("C", line)
        await self.send(line.encode() + b"\r\n")
        return await self.reply(word)

    def note(self, word, args, reply, since):
        event = Event(word, args, reply, since)
        self.events.append(event)
        return event

    async def run(self, steps):
        since = time.monotonic()
        try:
            await self.open()
        except OSError as error:
            raise Lost("%r, connecting" % error) from error
        greeting = await self.reply("greeting")
        if self.plan.door.has_xclient and greeting[0] == 220:
            greeting = await self.command("greeting", self.xclient())
        self.judge(self.note("connect", (), greeting, since))
        for number, step in enumerate(steps):
            if self.is_over or self.is_refused:
                break
            if self.plan.pause:
                await asyncio.sleep(self.plan.pause)
            if self.skips(step[0]):
                continue
            if step[0] == "rcpt" and self.plan.is_burst:
                await self.burst(steps, number)
                continue
            await getattr(self, "do_" + step[0].replace("-", "_"))(*step[1:])
        if self.is_refused and not self.is_over:
            with contextlib.suppress(Lost):
                await self.command("quit", "QUIT")

    def xclient(self):
        address = self.plan.address
        if ":" in address:
            address = "IPV6:" + address
        login = " LOGIN=" + self.plan.user if self.plan.user else ""
        return "XCLIENT ADDR=%s NAME=[UNAVAILABLE]%s" % (address, login)

    def skips(self, word):
        """Of a message that was refused nothing more is sent."""
        if word in ("mail", "helo", "rset", "quit", "drop"):
            self.skips_message = False
        return self.skips_message

    def judge(self, event):
        """A refusal of the client itself ends it; of MAIL, the message."""
        is_of_client = event.code == 421 or "Command rejected" in event.text \
            or "[c-" in event.text or "[h-" in event.text \
            or event.word == "connect" and event.code != 220
        self.is_refused = self.is_refused or is_of_client
        return event.code // 100 == 2

    async def do_helo(self, name):
        since = time.monotonic()
        event = self.note("helo", (name,), await self.command(
            "helo", "EHLO " + name), since)
        if self.judge(event):
            await self.log_in()
        self.forget()

    async def log_in(self):
        """Once, where XCLIENT did not say who it is."""
        if self.plan.user is None or self.plan.door.has_xclient \
                or self.has_login:
            return
        secret = base64.b64encode(
            ("\0%s\0secret" % self.plan.user).encode()).decode()
        self.has_login = True
        event = Event("auth", (), await self.command(
            "auth", "AUTH PLAIN " + secret))
        if event.code != 235: # Sendmail does not let in whom HELO refused
            self.events.append(event)
            self.judge(event)

    async def do_mail(self, sender, parameters):
        self.forget()
        since = time.monotonic()
        event = self.note("mail", (sender, parameters), await self.command(
            "mail", "MAIL FROM:<%s>%s" % (sender, parameters)), since)
        self.has_mail = self.judge(event)
        self.skips_message = not self.has_mail

    async def do_rcpt(self, address):
        since = time.monotonic()
        reply = await self.command("rcpt", "RCPT TO:<%s>" % address)
        self.n_accepted += self.judge(
            self.note("rcpt", (address,), reply, since))

    async def burst(self, steps, number):
        """All recipients at once; those that follow the first find nothing
        left to do."""
        batch = []
        while number < len(steps) and steps[number][0] == "rcpt":
            batch.append(steps[number][1])
            steps[number] = ("nothing",)
            number += 1
        since = time.monotonic()
        for address in batch:
            self.say("C", "RCPT TO:<%s> (in a burst)" % address)
        await self.send(b"".join(
            b"RCPT TO:<%s>\r\n" % a.encode() for a in batch))
        for address in batch:
            event = self.note(
                "rcpt", (address,), await self.reply("rcpt"), since)
            self.n_accepted += self.judge(event)

    async def do_nothing(self, *_):
        pass

    async def do_rset(self):
        await self.command("rset", "RSET")
        self.note("rset", (), (250, ""), 0)
        self.forget()

    async def do_noop(self):
        await self.command("noop", "NOOP")

    async def do_junk(self):
        await self.command("junk", "WHATEVER this is")

    async def do_quit(self):
        await self.command("quit", "QUIT")
        self.leave("quit")

    async def do_drop(self):
        self.leave("drop")

    def leave(self, word):
        self.say("C", "(%s)" % word)
        self.note(word, (), (0, ""), 0)
        self.is_over = True

    async def data(self):
        """True: the mail may follow."""
        if self.n_accepted == 0:
            if self.has_mail:
                await self.do_rset()
            return False
        since = time.monotonic()
        event = self.note(
            "data", (), await self.command("data", "DATA"), since)
        if event.code != 354:
            self.judge(event)
            await self.do_rset()
        return event.code == 354

    def mail_bytes(self, mail, ident):
        data = self.conversation.mails.data[mail]
        if data.startswith(b"."):
            data = b"." + data
        return (b"X-Soak: " + ident.encode() + b"\r\n"
                + data.replace(b"\r\n.", b"\r\n..") + b".\r\n")

    async def do_data(self, mail, ident, is_slow):
        if not await self.data():
            return
        data = self.mail_bytes(mail, ident)
        piece = len(data) // SLOW_PIECES + 1 if is_slow else len(data)
        self.say("C", "(mail %s, X-Soak: %s)" % (mail, ident))
        since = time.monotonic()
        for start in range(0, len(data), piece):
            await self.send(data[start:start + piece])
            if is_slow:
                await asyncio.sleep(0.1)
        event = self.note(
            "end", (mail, ident), await self.reply("end"), since)
        self.judge(event)
        self.forget()

    async def do_drop_in_data(self, mail, ident):
        if await self.data():
            data = self.mail_bytes(mail, ident)
            await self.send(data[:len(data) * 2 // 3].rstrip(b".\r\n"))
        self.leave("drop")

    async def do_drop_at_end(self, mail, ident):
        """Whether the mail was taken, the client never knows."""
        if await self.data():
            await self.send(self.mail_bytes(mail, ident))
            # closed in order: an RST would take away what was sent last
            self.writer.write_eof()
            self.note("unknown", (mail, ident), (0, ""), 0)
            await asyncio.sleep(0.2)
        self.leave("drop")
