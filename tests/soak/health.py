"""health.py - a daemon's process and log: is it alive, does it grow, what does
it say.

Memory is the daemon's RSS; that of its helpers, which come and go, stands
beside. It goes up and down by megabytes with large mails, reloads and what
malloc gives back; a leak is growth that goes on under that. So of each minute the lowest value counts, the
slope is the median of those between any two minutes of the second half, where
caches are full and all threads have been made, and there is a bound for what
there may be more at the end than after warming up.
"""
import asyncio
import collections
import json
import os
import re
import time

# Marks. In a short run the second half is still warming up, so they count only
# from so many seconds of it on.
GROWTH_SECONDS = 60
SLOPE_SECONDS = 240
SLOPE_MAX_KIB_MIN = 256
GROWTH_MAX_KIB = 24 * 1024
FDS_GROWTH_MAX = 24
THREADS_GROWTH_MAX = 24
WARM = 0.4      # of the time; what is before it may grow

LINE = re.compile(r"^sluiced\[\d+\]: (error: |warning: )?")
AT = re.compile(r"store .* is at .*:(\d+)$")
MAD = re.compile(r"Sanitizer|runtime error:|Assertion|out of memory")


class Sample:
    def __init__(self, at, rss_kib, helpers_kib, n_fds, n_threads):
        self.at = at
        self.rss_kib = rss_kib
        self.helpers_kib = helpers_kib
        self.n_fds = n_fds
        self.n_threads = n_threads


def status_of(pid, name):
    with open("/proc/%d/status" % pid, encoding="latin-1") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    return 0


def children_of(pid):
    found = set()
    for task in os.listdir("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/children" % (pid, task),
                      encoding="ascii") as file:
                found.update(int(word) for word in file.read().split())
        except OSError:
            pass # the thread has ended meanwhile
    return found


def lowest_by_minute(samples):
    """(minutes, KiB) of each minute that is whole."""
    found = {}
    for sample in samples:
        minute = int((sample.at - samples[0].at) // 60)
        found.setdefault(minute, []).append(sample.rss_kib)
    return [(minute, min(values)) for minute, values in found.items()
            if minute < max(found)]


def slope_per_minute(points):
    """The median of all slopes between two points (Theil and Sen): a few that
    are odd do not matter."""
    slopes = sorted((b[1] - a[1]) / (b[0] - a[0])
                    for number, a in enumerate(points)
                    for b in points[number + 1:])
    return slopes[len(slopes) // 2] if slopes else 0.0


class Daemon:
    def __init__(self, name, pid, log, conf):
        self.name = name
        self.conf = conf
        self.status = None
        self.status_at = time.monotonic()
        self.n_failures = 0
        self.pid = pid
        self.log = open(log, "rb")
        self.rest = b""
        self.is_away = False
        self.span = None          # of weather
        self.store_port = None    # which Redis it asks
        self.n_away = 0
        self.n_reloads = self.n_refused = 0
        self.said = collections.Counter()
        self.samples = []
        self.helpers_seen = set()
        self.problems = []

    def read_log(self, weather):
        data = self.rest + self.log.read()
        *lines, self.rest = data.split(b"\n")
        for line in lines:
            self.take_line(line.decode("utf-8", "replace"), weather)

    def take_line(self, line, weather):
        if MAD.search(line) or not LINE.match(line):
            if len(self.problems) < 100:
                self.problems.append("%s said: %s" % (self.name, line))
            return
        line = LINE.sub("", line)
        if line.startswith("verdict "):
            self.said["verdict"] += 1
        elif line.startswith("reload result=good"):
            self.n_reloads += 1
        elif line.startswith("reload result="):
            self.n_refused += 1
        elif re.match(r"store .* is away", line):
            self.n_away += 1
            self.is_away = True
            self.span = self.span or weather.begin("away")
        elif AT.match(line):
            weather.moved()
            self.store_port = int(AT.match(line).group(1))
        elif re.match(r"store .* is back", line):
            self.is_away = False
            if self.span is not None:
                weather.end(self.span)
            self.span = None
        elif not line.startswith(("limit ref=", "  ")):
            self.said[re.sub(r"[\d.]+", "N", line)[:100]] += 1

    async def ask_status(self, sluice, weather):
        """Calls that failed and were too few for the store to be away."""
        since = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            sluice, "-c", self.conf, "status", "--json",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL)
        text, _ = await process.communicate()
        try:
            status = json.loads(text)
        except ValueError:
            self.problems.append("%s: no status: %r" % (self.name, text[:200]))
            return
        failures = status["store"]["failures"]
        if failures > self.n_failures:
            weather.note("failures", self.status_at)
        self.n_failures = failures
        self.status = status
        self.status_at = since

    def sample(self):
        try:
            helpers = children_of(self.pid)
            helpers_kib = 0
            for helper in helpers:
                try:
                    helpers_kib += status_of(helper, "VmRSS")
                except OSError:
                    pass # one that has just ended
            self.helpers_seen |= helpers
            self.samples.append(Sample(
                time.monotonic(), status_of(self.pid, "VmRSS"), helpers_kib,
                len(os.listdir("/proc/%d/fd" % self.pid)),
                status_of(self.pid, "Threads")))
        except OSError:
            self.problems.append("%s is gone" % self.name)

    def halves(self):
        warm = int(len(self.samples) * WARM)
        return self.samples[:warm], self.samples[warm:]

    def slope(self):
        return slope_per_minute(lowest_by_minute(self.halves()[1]))

    def grown(self, value):
        """By how much a value was higher at the end than when warm: the median
        of the last sixth of the second half against that of its first."""
        second = self.halves()[1]
        n = max(1, len(second) // 6)

        def median(samples):
            return sorted(value(s) for s in samples)[len(samples) // 2]
        return median(second[-n:]) - median(second[:n]) if second else 0

    def faults(self, judges_memory):
        """A sanitizer keeps what was freed, so its memory says nothing."""
        second = self.halves()[1]
        faults = list(self.problems)
        if len(second) < 3 or not judges_memory:
            return faults
        seconds = second[-1].at - second[0].at
        if seconds < GROWTH_SECONDS:
            return faults
        if seconds >= SLOPE_SECONDS and self.slope() > SLOPE_MAX_KIB_MIN:
            faults.append("%s grows by %.0f KiB/min, more than %d" % (
                self.name, self.slope(), SLOPE_MAX_KIB_MIN))
        for what, value, most in (
                ("KiB", lambda s: s.rss_kib, GROWTH_MAX_KIB),
                ("descriptors", lambda s: s.n_fds, FDS_GROWTH_MAX),
                ("threads", lambda s: s.n_threads, THREADS_GROWTH_MAX)):
            if self.grown(value) > most:
                faults.append("%s has %d %s more than when it was warm, more "
                              "than %d" % (self.name, self.grown(value), what,
                                           most))
        return faults

    def figures(self):
        first, second = self.samples[0], self.halves()[1]
        last, warm = self.samples[-1], (second or self.samples)[0]
        return ("%s: RSS %d KiB at the start, %d warm, %d at the end, slope "
                "%.0f KiB/min (lowest by minute: %s); helpers %d KiB at most; descriptors %d %d %d; threads %d %d %d; helpers "
                "started %d, died %d, late %d; away %d times, %d calls failed, "
                "%d counted locally" % (
                    self.name, first.rss_kib, warm.rss_kib, last.rss_kib,
                    self.slope(), " ".join(
                        str(kib) for _, kib in lowest_by_minute(second)),
                    max(s.helpers_kib for s in self.samples),
                    first.n_fds, warm.n_fds, last.n_fds,
                    first.n_threads, warm.n_threads, last.n_threads,
                    len(self.helpers_seen),
                    self.status["inspection"]["helpers_died"],
                    self.status["inspection"]["helpers_late"], self.n_away,
                    self.n_failures, self.status["store"]["local_calls"]))
