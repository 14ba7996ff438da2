"""fates.py - what became of each mail that was answered 250.

The MTA's answer names its queue file. As long as that is there and the mail is
not held, the MTA is still at it; once it is gone, what the sink has of the mail
is all that there will ever be. So no time-out says that a mail is lost.
"""
import os
import re
import time

QUEUED = {"postfix": re.compile(r"queued as ([0-9A-Za-z]+)"),
          "sendmail": re.compile(r"^2\.0\.0 ([0-9A-Za-z]+) Message accepted")}


# For a mail of which the client did not hear what became of it; it may come
# later, too.
UNKNOWN_SECONDS = 8


def is_unknown(conversation):
    return any(event.word == "unknown" for events in conversation.connections
               for event in events)


class Fate:
    def __init__(self, kind, delivered=None):
        self.kind = kind # "nothing", "held", "delivered"
        self.delivered = delivered


class Postfix:
    def __init__(self, queue):
        self.queue = queue

    def is_held(self, queue_id):
        return os.path.exists("%s/hold/%s" % (self.queue, queue_id))

    def is_busy(self, queue_id):
        """It may move between folders meanwhile, so look twice."""
        places = ["incoming", "active", "deferred/" + queue_id[0], "deferred"]
        return any(os.path.exists("%s/%s/%s" % (self.queue, p, queue_id))
                   for p in places + places[:2])


class Sendmail:
    def __init__(self, queue):
        self.queue = queue

    def is_held(self, queue_id):
        return os.path.exists("%s/hf%s" % (self.queue, queue_id))

    def is_busy(self, queue_id):
        return any(os.path.exists("%s/%s%s" % (self.queue, kind, queue_id))
                   for kind in ("qf", "Qf", "tf"))


class Fates:
    def __init__(self, sink, queues):
        self.sink = sink
        self.queues = queues
        self.held = set()
        self.told = {} # X-Soak -> kind
        self.n_unread = 0

    def ids(self, conversation):
        """Of each mail that was accepted: its X-Soak, its queue file."""
        mta = conversation.plan.door.mta
        for events in conversation.connections:
            for event in events:
                if event.word != "end" or event.code != 250:
                    continue
                found = QUEUED[mta].search(event.text)
                self.n_unread += found is None
                yield event.args[1], found and found.group(1)

    def are_settled(self, conversation):
        if is_unknown(conversation) and \
                time.monotonic() - conversation.until < UNKNOWN_SECONDS:
            return False
        queue = self.queues[conversation.plan.door.mta]
        for ident, queue_id in self.ids(conversation):
            if ident in self.held or queue_id is None:
                continue
            if queue.is_held(queue_id):
                self.held.add(ident)
            elif queue.is_busy(queue_id):
                return False
        return True

    def of(self, ident):
        delivered = self.sink.mails.get(ident)
        if ident in self.held:
            # held and delivered is neither, and a story will say so
            return Fate("held" if delivered is None else "delivered",
                        delivered)
        return Fate("nothing" if delivered is None else "delivered", delivered)

    def remember(self, conversation):
        """What was told of its mails is to stay true until the end."""
        for events in conversation.connections:
            for event in events:
                if event.word not in ("end", "unknown"):
                    continue
                fate = self.of(event.args[1])
                # told as it is now, but it may still come
                self.told[event.args[1]] = "delivered" \
                    if event.word == "unknown" else fate.kind
                if fate.delivered is not None:
                    # memory
                    fate.delivered.fields = fate.delivered.body = None

    def faults_at_end(self):
        for ident, mail in self.sink.mails.items():
            kind = self.told.get(ident)
            if kind is None:
                yield ident, "delivered, but nobody sent it to its end"
            elif kind != "delivered":
                yield ident, "delivered after all: it was %s" % kind
            elif max(mail.recipients.values()) > 1:
                yield ident, "delivered once more later"
