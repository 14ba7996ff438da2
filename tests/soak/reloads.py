"""reloads.py - SIGHUP every second: equivalent rules in turn, now and then
broken ones, which must be refused. Each SIGHUP is answered in the log by what
was to be expected before the next one is sent.
"""
import asyncio
import os
import random
import signal
import time

PAUSE = 1.0
ANSWER_SECONDS = 60
BROKEN = ('on mail { m-broken: reject "x" if nosuch.fact }',
          'limit broken 5/1h messages',
          'on rcpt { r-broken: reject "never closed',
          'table broken domain file "nowhere.txt"')


def put(path, text):
    """Whole, or not at all: a daemon may read it at any time."""
    with open(path + ".new", "w", encoding="utf-8") as out:
        out.write(text)
    os.rename(path + ".new", path)


class Reloads:
    def __init__(self, daemon, folder, variants, seed):
        self.daemon = daemon
        self.folder = folder      # where the daemon's rules/ and tables/ are
        self.variants = variants  # the texts of equivalent rules
        self.dice = random.Random("%s/reloads/%s" % (seed, daemon.name))
        self.n_good = self.n_refused = 0
        self.slowest = 0.0
        self.problems = []

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def shuffle_table(self):
        """The same entries in another order: it is read again by itself."""
        path = self.path("tables", "strangers.txt")
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")[:-1]
        self.dice.shuffle(lines)
        put(path, "".join(line + "\n" for line in lines))

    async def answer(self):
        """What the log said to the SIGHUP just sent: good, refused or None."""
        before = (self.daemon.n_reloads, self.daemon.n_refused)
        since = time.monotonic()
        os.kill(self.daemon.pid, signal.SIGHUP)
        while time.monotonic() - since < ANSWER_SECONDS:
            await asyncio.sleep(0.05)
            if self.daemon.n_reloads > before[0]:
                self.slowest = max(self.slowest, time.monotonic() - since)
                return "good"
            if self.daemon.n_refused > before[1]:
                return "refused"
        return None

    async def reload(self):
        broken = self.path("rules", "90-broken.rules")
        wanted = "good"
        if self.dice.random() < 0.12:
            put(broken, self.dice.choice(BROKEN) + "\n")
            wanted = "refused"
        else:
            put(self.path("rules", "test.rules"),
                self.dice.choice(self.variants))
            if self.dice.random() < 0.3:
                self.shuffle_table()
        got = await self.answer()
        if os.path.exists(broken):
            os.unlink(broken)
        self.n_good += got == "good"
        self.n_refused += got == "refused"
        if got != wanted:
            self.problems.append("%s: a reload was %s, expected was %s"
                                 % (self.daemon.name, got, wanted))

    async def run(self, is_over):
        while not is_over.is_set():
            await self.reload()
            try:
                await asyncio.wait_for(is_over.wait(), PAUSE)
            except asyncio.TimeoutError:
                pass
