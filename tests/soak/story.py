"""story.py - what was observed of a conversation, as a story for `sluice test`.

Each reply becomes the answer that the story expects, each thing that happened
to a delivered mail an `also`. So `sluice test` is the judge: it evaluates the
same rules on the same steps, in a store of its own, and says where it would
have decided otherwise. What cannot be told in a story - a body that came out
changed, a mail delivered twice, a reply that no rule gave - is found here.

In bad weather (Redis was troubled meanwhile) nobody can know what counters
held. Such a story leaves out what a limit refused and is judged by the rules
without limits: all else is to be the same. bounds.py has what limits may do
meanwhile.
"""
import re

from sink import fields_of, first_difference

MARK = re.compile(r"\[([chmrdse]-[a-z]+)\]")
OUTAGE = "Limits cannot be checked now"
STAGE_WORDS = {"connect": "c", "helo": "h", "mail": "m", "rcpt": "r",
               "data": "d", "end": "se", "auth": ""}
# What MTAs say of a connection or a HELO in place of the rule's text, and the
# only rule that refuses like that.
NAMELESS = ((re.compile(r"554 .*not accepting"), "c-stranger"),
            (re.compile(r"421 .*(closing connection|Service unavailable)"),
             "c-conns"),
            (re.compile(r"550 5.0.0 Command rejected"), "h-bad"))
# Its keys are shared by all clients: pools.py has its law.
SHARED = {"m-pool"}


def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace(
        "$", "$$")


def rule_of(event):
    """The rule that a reply names, or that is meant by it; None if none."""
    mark = MARK.search(event.text)
    if mark:
        return mark.group(1)
    if event.code // 100 in (2, 3):
        return None
    reply = "%d %s" % (event.code, event.text)
    return next((rule for said, rule in NAMELESS if said.match(reply)), None)


class Refusal:
    def __init__(self, event):
        self.rule = rule_of(event)
        self.kind = "tempfail" if event.code // 100 == 4 else "reject"
        self.code = event.code
        self.is_outage = self.rule is None and OUTAGE in event.text

    def answer(self, with_code=True):
        code = " %d" % self.code if with_code else ""
        return " -> %s%s %s" % (self.kind, code, self.rule)


class Story:
    """of(conversation) -> text; self.faults: what is wrong whatever the rules
    say; self.refusals: how often each rule refused."""

    def __init__(self, conversation, fates, limits, is_calm):
        self.conversation = conversation
        self.plan = conversation.plan
        self.mails = conversation.mails
        self.fates = fates
        self.limits = limits
        self.is_calm = is_calm
        self.lines = []
        self.faults = []
        self.refusals = {}
        self.accepted_recipients = set()
        self.is_open = False   # a message, in the story
        self.is_gone = False   # discarded at MAIL: no rule sees the rest
        if conversation.lost:
            self.faults.append("lost: " + conversation.lost)

    def text(self):
        for events in self.conversation.connections:
            if events:
                self.connection(self.as_decided(events))
        head = "test %s" % quoted(self.plan.name)
        return "\n    ".join([head] + self.lines) + "\n"

    def left_out(self, refusal):
        """Is this refusal one that the evaluation cannot know of?"""
        return refusal.rule in SHARED or refusal.is_outage or (
            not self.is_calm and refusal.rule in self.limits)

    def as_decided(self, events):
        """Refusals of connect and helo are heard later: put them back."""
        for number, event in enumerate(events):
            word = {"c": "connect", "h": "helo"}.get((rule_of(event) or "-")[0])
            if word is None:
                continue
            last = max((n for n in range(number + 1)
                        if events[n].word == word), default=0)
            kept = events[:last + 1]
            kept[last].code, kept[last].text = event.code, event.text
            return kept
        # what HELO was answered is only heard at the next step
        heard = max((n for n, event in enumerate(events)
                     if event.word in ("mail", "auth")), default=0)
        return [event for number, event in enumerate(events)
                if event.word != "helo" or number < heard]

    def connection(self, events):
        self.is_open = self.is_gone = False
        for event in events:
            getattr(self, "tell_" + event.word)(event)
        self.add("drop")

    def add(self, line):
        self.lines.append(line)

    def refusal(self, event):
        """None if it was not refused, or not by us."""
        if event.code // 100 in (2, 3):
            return None
        refusal = Refusal(event)
        name = refusal.rule or ("outage" if refusal.is_outage else "the MTA")
        self.refusals[name] = self.refusals.get(name, 0) + 1
        if refusal.is_outage and self.is_calm:
            self.faults.append("no outage, but: %d %s"
                               % (event.code, event.text))
        if refusal.rule and refusal.rule[0] not in STAGE_WORDS[event.word]:
            self.faults.append("%s answered by %s"
                               % (event.word, refusal.rule))
        if refusal.rule is None and not refusal.is_outage:
            self.faults.append("a reply that no rule gave to %s: %d %s"
                               % (event.word, event.code, event.text))
        return refusal

    def tell_connect(self, event):
        line = "connect %s" % quoted(self.plan.address)
        self.add("daemon %s" % quoted(self.plan.door.name))
        refusal = None if event.code == 220 else self.refusal(event)
        if refusal is None:
            self.add(line + " -> accept")
        elif self.left_out(refusal) or refusal.rule is None:
            self.add(line)
        else:
            self.add(line + refusal.answer(with_code=False))
        if self.plan.user:
            self.add("auth %s XCLIENT" % quoted(self.plan.user))

    def abort(self):
        if self.is_open:
            self.add("abort")
        self.is_open = self.is_gone = False

    def tell_helo(self, event):
        self.abort()
        refusal = self.refusal(event)
        self.add("helo %s%s" % (
            quoted(event.args[0]), " -> accept" if refusal is None
            else refusal.answer(with_code=False)))

    def tell_auth(self, event):
        self.refusal(event)

    def tell_mail(self, event):
        sender, parameters = event.args
        refusal = self.refusal(event)
        self.abort()
        self.accepted_recipients = set()
        line = "mail %s%s" % (quoted(sender), parameters)
        if refusal is not None:
            if not self.left_out(refusal) and refusal.rule:
                self.add(line + refusal.answer())
            return
        self.is_gone = sender.startswith("gone-")
        self.is_open = not self.is_gone
        self.add(line + (" -> discard m-gone" if self.is_gone
                         else " -> accept"))

    def tell_rcpt(self, event):
        address = event.args[0]
        if event.code == 503 and not self.is_open:
            return # sent in a burst behind a MAIL that was refused
        if address.startswith("nobody") and "5.1.1" in event.text[:5]:
            self.refusals["unknown"] = self.refusals.get("unknown", 0) + 1
            if self.is_open and self.plan.door.tells_unknown:
                self.add("rcpt %s refused-by-mta 550 5.1.1" % quoted(address))
            return
        refusal = self.refusal(event)
        if refusal is None:
            self.accepted_recipients.add(address)
        if not self.is_open:
            return
        if refusal is None:
            self.add("rcpt %s -> accept" % quoted(address))
        elif not self.left_out(refusal) and refusal.rule:
            self.add("rcpt %s%s" % (quoted(address), refusal.answer()))

    def tell_data(self, event):
        refusal = self.refusal(event)
        if not self.is_open:
            return
        if refusal is None:
            self.add("data -> accept")
        elif refusal.rule:
            self.add("data" + refusal.answer())
            self.is_open = False

    def tell_rset(self, _):
        self.abort()

    def tell_quit(self, _):
        pass # the connection's end is told as `drop`

    tell_drop = tell_quit

    def send_mail(self, mail, ident, answer=""):
        self.add('header "X-Soak" %s' % quoted(ident))
        self.add("file %s%s" % (quoted(self.mails.path(mail)), answer))

    def tell_end(self, event):
        mail, ident = event.args
        refusal = self.refusal(event)
        fate = self.fates.of(ident)
        if refusal is None:
            self.tell_accepted(mail, ident, fate)
        else:
            self.tell_refused(mail, ident, refusal)
            if fate.kind != "nothing":
                self.faults.append("%s was refused, but %s"
                                   % (ident, fate.kind))
        self.is_open = self.is_gone = False

    def tell_refused(self, mail, ident, refusal):
        if not self.is_open:
            return
        if refusal.rule is None or self.left_out(refusal):
            self.add("abort")
        elif refusal.rule[0] == "s":
            self.send_mail(mail, ident, refusal.answer())
        else:
            self.send_mail(mail, ident)
            self.add("end" + refusal.answer())

    def tell_unknown(self, event):
        """The client left before the answer: both is right, but not half."""
        mail, ident = event.args
        fate = self.fates.of(ident)
        if fate.kind == "delivered":
            self.tell_accepted(mail, ident, fate)
        self.is_open = self.is_gone = False

    def tell_accepted(self, mail, ident, fate):
        if self.is_gone or not self.is_open:
            if fate.kind != "nothing":
                self.faults.append("%s: discarded at MAIL, but %s"
                                   % (ident, fate.kind))
            return
        self.send_mail(mail, ident)
        if fate.kind == "nothing":
            self.add("end -> discard")
            return
        self.add("end -> accept")
        if fate.kind == "held":
            self.add('also quarantine "soak"')
        else:
            self.tell_delivered(mail, ident, fate.delivered)

    def tell_delivered(self, mail, ident, delivered):
        changes = self.headers_changed(mail, delivered) \
            + self.recipients_changed(ident, delivered)
        for change in changes:
            self.add("also " + change)
        if self.is_calm:
            self.add("also n-changes %d" % len(changes))
        if delivered.sender != self.plan.sender:
            self.faults.append("%s: sender became %s"
                               % (ident, delivered.sender))
        changed = first_difference(
            fields_of(self.mails.data[mail])[1], delivered.body)
        if changed:
            self.faults.append("%s: the body of %s was changed: %s"
                               % (ident, mail, changed))

    def headers_changed(self, mail, delivered):
        before = fields_of(self.mails.data[mail])[0]
        changes = []
        for name, value in delivered.fields:
            if name == "X-Soak-Near" and not self.is_calm:
                continue
            if name.startswith("X-Soak-"):
                # a long value comes folded: then the name must do
                changes.append("add-header %s %s" % (
                    quoted(name), quoted(value) if len(value) < 50 else ""))
            elif name == "X-Mailer" and (name, value) not in before:
                changes.append("set-header %s %s"
                               % (quoted(name), quoted(value)))
        left = {name.lower() for name, _ in delivered.fields}
        for name in sorted({n.lower() for n, _ in before} - left):
            if name.startswith("x-"):
                changes.append('remove-header "X-Old"' if name == "x-old"
                               else 'remove-header %s' % quoted(name))
        return changes

    def recipients_changed(self, ident, delivered):
        got = delivered.recipients
        for address, n in got.items():
            if n != 1:
                self.faults.append("%s: delivered %d times to %s"
                                   % (ident, n, address))
        wanted = self.accepted_recipients
        return ["add-recipient %s" % quoted(a)
                for a in sorted(set(got) - wanted)] + \
            ["remove-recipient %s" % quoted(a)
             for a in sorted(wanted - set(got))]
