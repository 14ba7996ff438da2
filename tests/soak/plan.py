"""plan.py - what a client is going to do, by chance, but the same chance for
the same seed: conversation NUMBER of client CLIENT is what
random.Random("SEED/CLIENT/NUMBER") says, whatever was before.

A plan is data: who the client is, and for each connection a list of steps
(a word and its arguments) that client.py carries out as far as the replies let
it. Whoever leaves without a QUIT at rest, or sends what nobody awaits, does so
last: when an MTA notices that a client is gone is its own affair, and what the
conversation's own counters hold until then is, too.
"""
import random

KINDS = (("plain", 30), ("corpus", 34), ("found", 5), ("refused", 9),
         ("held", 3), ("junk", 3), ("turned", 3), ("heavy", 2), ("huge", 1))
WAYS = (("usual", 40), ("several", 14), ("many", 8), ("guess", 6),
        ("refused", 5), ("pace", 7), ("spread", 4), ("volume", 3),
        ("reconnect", 5), ("vanish", 8), ("pool", 14))
HELOS = ("client.example", "marked.example", "odd.example", "bad.example")
POOLS = 4


def choose(dice, table):
    return dice.choices([row[0] for row in table],
                        [row[1] for row in table])[0]


class Plan:
    def __init__(self, seed, client, number, doors, mails):
        self.name = "%s/%d/%d" % (seed, client, number)
        self.tag = "c%dn%d" % (client, number)
        self.dice = dice = random.Random(self.name)
        self.mails = mails
        self.door = doors[client % len(doors)]
        self.way = choose(dice, WAYS)
        self.helo = "pool-%d.example" % dice.randrange(POOLS) \
            if self.way == "pool" else dice.choices(HELOS, (80, 8, 8, 4))[0]
        self.address = self.make_address(client, number)
        self.user = "u" + self.tag if self.door.name == "submission" else None
        self.pause = dice.choice((0, 0, 0, 0.02, 0.3))
        self.is_burst = dice.random() < 0.15
        self.n_ids = 0
        self.sender = self.make_sender()
        n = dice.randint(2, 5) if self.way == "reconnect" else 1
        self.connections = [self.connection(i + 1 == n) for i in range(n)]

    def make_address(self, client, number):
        """An address of its own, or one that is not let in. Sendmail sees real
        connections, so it is one that this host has; Postfix believes XCLIENT."""
        if self.dice.random() < 0.03:
            return "198.51.100.%d" % self.dice.randrange(16)
        if self.dice.random() < 0.4:
            return "2001:db8:%x:%x::7" % (client + 1, number & 0xffff)
        first = "10.%d" % (client & 255) if self.door.has_xclient else \
            "127.%d" % (67 + client % 180)
        return "%s.%d.%d" % (first, number >> 8 & 255, number & 255)

    def make_sender(self):
        kinds = ["pace"] if self.way == "several" else []
        kinds = kinds or ["a"] * 30 + ["gone", "bad", "later"]
        local = self.dice.choice(kinds)
        if self.way in ("pace", "several"):
            local = self.dice.choice(("strict", "loose", "tries", "a"))
        domain = self.dice.choices(("example.org", "sub.partner.example"),
                                   (9, 1))[0]
        return "%s-%s@%s" % (local, self.tag, domain)

    def connection(self, is_last):
        dice = self.dice
        steps = [("helo", self.helo)]
        # after a HELO that was refused every one is, so another tells nothing
        if dice.random() < 0.1 and not self.helo.startswith("bad."):
            steps.append(("helo", dice.choice(HELOS[:3])))
        n = {"usual": 1, "many": 1, "reconnect": dice.randint(0, 1),
             "spread": 4, "volume": 3, "pool": dice.randint(1, 4)}
        for _ in range(n.get(self.way, dice.randint(2, 6))):
            steps += self.message()
            if dice.random() < 0.08:
                steps.append((dice.choice(("noop", "junk")),))
        return steps + [self.leave(is_last)]

    def leave(self, is_last):
        return ("drop",) if is_last and self.way == "vanish" and \
            self.dice.random() < 0.3 else ("quit",)

    def recipients(self):
        """No address twice: when Sendmail refuses the second, it takes away the
        first as well."""
        return list(dict.fromkeys(self.any_recipients()))

    def any_recipients(self):
        dice = self.dice
        n = {"many": dice.choice((5, 12, 20, 35)), "pace": 1}.get(
            self.way, dice.choice((1, 1, 1, 2, 3)))
        for i in range(n):
            local = dice.choices(
                ("r%d" % i, "trap", "full", "exempt", "copied"),
                (40, 1, 1, 2, 2))[0]
            domain = "d%d.sink.example" % dice.randrange(6) \
                if self.way == "spread" else "sink.example"
            yield "%s@%s" % (local, domain)
        if self.way == "guess" or dice.random() < 0.03:
            for i in range(dice.randint(1, 3)):
                yield "nobody%d@mta.example.test" % i
            yield "last@sink.example"

    def kind(self):
        if self.way == "refused":
            return "refused"
        if self.way == "volume":
            return "heavy"
        return choose(self.dice, KINDS)

    def message(self):
        dice = self.dice
        size = " SIZE=6000000" if dice.random() < 0.02 else ""
        kind = self.kind()
        # a short form may have no corpus
        mail = dice.choice(self.mails.by_kind.get(
            kind, self.mails.by_kind["plain"]))
        self.n_ids += 1
        ident = "%s-m%d" % (self.tag, self.n_ids)
        steps = [("mail", self.sender, size)]
        steps += [("rcpt", address) for address in self.recipients()]
        odds = dice.random()
        if odds < 0.06:
            return steps[:dice.randint(1, len(steps))] + [("rset",)]
        if odds < 0.08 and not self.helo.startswith("bad."):
            return steps + [("helo", dice.choice(HELOS[:3]))]
        if self.way == "vanish" and odds < 0.5:
            word = dice.choice(("quit", "drop", "drop-in-data", "drop-at-end"))
            if word.startswith("drop-"):
                return steps + [(word, mail, ident)]
            return steps + [(word,)]
        return steps + [("data", mail, ident, dice.random() < 0.05)]
