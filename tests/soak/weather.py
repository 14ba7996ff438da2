"""weather.py - when Redis was troubled.

Bad weather begins a moment before a trouble and ends when both daemons have
said that the store is back, and a while later: what waited is then told, what
was asked is answered. Bad weather, too, whoever is at fault (a busy machine),
is what a daemon says by itself: that the store is away, that there is another
master, that a call has failed; and a machine that did not run even this program
for a second, for then no deadline means anything.
"""
import time

BEFORE = 1.0
AFTER = 2.5
LATE = 15   # the daemons ask Sentinels every 10 s


class Weather:
    def __init__(self):
        self.spans = []   # [since, until or None, kind]

    def begin(self, kind):
        span = [time.monotonic() - BEFORE, None, kind]
        self.spans.append(span)
        return span

    def end(self, span):
        span[1] = time.monotonic() + AFTER

    def note(self, kind, since):
        """Something that is over, and began at this time at the earliest."""
        self.spans.append([since - BEFORE, time.monotonic() + AFTER, kind])

    def moved(self):
        """A daemon found another master. If nobody has asked for that - a busy
        machine was too slow for the Sentinels - it was bad since then."""
        if not any(span[1] is None for span in self.spans):
            self.note("moved", time.monotonic() - LATE)

    def is_calm(self, since, until):
        return not any(span[0] <= until and (span[1] is None or
                                             since <= span[1])
                       for span in reversed(self.spans))

    def troubled_seconds(self):
        now = time.monotonic()
        total, last = 0.0, 0.0
        for since, until, _ in sorted(self.spans, key=lambda s: s[0]):
            until = min(until or now, now)
            total += max(0.0, until - max(since, last))
            last = max(last, until)
        return total

    def n_during(self, since, until):
        return sum(span[0] <= until and (span[1] is None or since <= span[1])
                   for span in self.spans)
