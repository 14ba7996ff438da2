"""pools.py - the law of keys that many clients share at the same time.

`limit pool N/T messages by helo.name`: whatever the order in which Redis saw
them, what clients saw must fit some order. Two laws, both without tolerance:

  too many  of messages whose MAIL was sent and answered within any T seconds,
            at most N were accepted in the end (what was refused, aborted or
            dropped is given back, so it does not count);
  wrongly   when MAIL was refused, at least N others must have been charged
            in the T + T/8 before (a window is nine slots of T/8), counting
            each that could have been: sent before the refusal came, and
            answered by 250 after that time began.

Both hold while Redis keeps what it counted: windows that touch bad weather are
left out, and counted as such.
"""
import bisect

N = 12
T = 8.0
RULE = "m-pool"


class Pools:
    def __init__(self):
        self.accepted = {}  # helo -> [(since, until)]
        self.charged = {}
        self.refused = {}
        self.n_windows = 0
        self.n_left_out = 0

    def note(self, conversation):
        """A message that is discarded at MAIL was discarded before the limit
        was asked: the client hears that it was taken, over or not."""
        is_gone = conversation.plan.sender.startswith("gone-")
        for events in conversation.connections:
            helo, mail = None, None
            for event in events:
                if event.word == "helo":
                    helo, mail = event.args[0], None
                elif event.word == "mail":
                    mail = event
                    self.note_mail(helo, event)
                elif event.word == "end" and event.code == 250 and mail \
                        and not is_gone:
                    self.put(self.accepted, helo, mail)

    def put(self, where, helo, event):
        if helo and helo.startswith("pool-"):
            bisect.insort(where.setdefault(helo, []),
                          (event.since, event.until))

    def note_mail(self, helo, event):
        if event.code == 250:
            self.put(self.charged, helo, event)
        elif "[%s]" % RULE in event.text:
            self.put(self.refused, helo, event)

    def faults(self, weather):
        return self.too_many(weather) + self.wrongly_refused(weather)

    def too_many(self, weather):
        found = []
        for helo, spans in self.accepted.items():
            for first, (since, _) in enumerate(spans):
                if not weather.is_calm(since - T * 9 / 8, since + T):
                    self.n_left_out += 1
                    continue
                self.n_windows += 1
                last = bisect.bisect_right(spans, (since + T, 0.0))
                n = sum(until <= since + T for _, until in spans[first:last])
                if n > N:
                    found.append("pool %s: %d of %d in %g s from %.2f"
                                 % (helo, n, N, T, since))
        return found

    def wrongly_refused(self, weather):
        found = []
        for helo, spans in self.refused.items():
            charged = self.charged.get(helo, [])
            for since, until in spans:
                start = since - T * 9 / 8
                # what waited in an outage is added later, so look further
                if not weather.is_calm(start - T, until):
                    self.n_left_out += 1
                    continue
                self.n_windows += 1
                # none waited more than a minute for its answer
                first = bisect.bisect_left(charged, (start - 60, 0.0))
                last = bisect.bisect_right(charged, (until, 0.0))
                n = sum(answered >= start for _, answered
                        in charged[first:last])
                if n < N:
                    found.append("pool %s: refused at %.2f, but only %d of %d "
                                 "were charged" % (helo, since, n, N))
        return found
