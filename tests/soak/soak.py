"""soak.py - Postfix and Sendmail with a sluiced each, random clients, rules
reloaded every second, Redis in trouble; and every message's fate compared with
what `sluice test` says of the same rules. Started by tests/soak/run.sh, which
describes the place in a JSON file.
"""
import asyncio
import collections
import json
import random
import sys
import time

import bounds
from client import Conversation, Door
from fates import Fates, Postfix, Sendmail
from health import Daemon
from judge import Judge
from mails import Mails
from plan import Plan
from pools import Pools
from redis_rig import Rig
from reloads import Reloads
from sink import Sink
from story import MARK, Story, rule_of
from weather import Weather

PROGRESS_SECONDS = 10
SAMPLE_SECONDS = 1
STALL_SECONDS = 0.6 # a nap of 0.25 s that takes so long
SETTLE_SECONDS = 180  # for the queues to become empty at the end
LOOK_BACK_SECONDS = 4 # after so long the weather of then is known
FAULTS_SHOWN = 12    # with their dialogue
FAULTS_NAMED = 200


class Latencies:
    """Of each kind of reply, in ms."""

    def __init__(self):
        self.of = {}

    def note(self, word, seconds):
        self.of.setdefault(word, []).append(seconds * 1000)

    def figures(self):
        for word in ("greeting", "helo", "mail", "rcpt", "data", "end"):
            values = sorted(self.of.get(word, [0]))
            yield "%s %.0f/%.0f" % (word, values[len(values) // 2],
                                    values[len(values) * 99 // 100])


class Soak:
    def __init__(self, place):
        self.place = place
        self.seed = place["seed"]
        self.weather = Weather()
        self.sink = None
        self.daemons = []
        for d in place["daemons"]:
            with open(d["pid_file"], encoding="ascii") as file:
                self.daemons.append(
                    Daemon(d["name"], int(file.read()), d["log"], d["conf"]))
        self.doors = [Door(d["mta"], d["name"], d["port"], d["xclient"])
                      for d in place["doors"]]
        for door in self.doors:
            door.tells_unknown = door.mta == "postfix" or \
                place["sendmail_tells_unknown"]
        self.mails = Mails(place["mails"], place["corpus"])
        self.latencies = Latencies()
        self.pools = Pools()
        self.counts = collections.Counter()
        self.verdicts = collections.Counter()
        self.faults = []
        self.pending = collections.deque()
        self.is_over = asyncio.Event()
        self.rig = Rig(place["folder"], place["nodes"], place["sentinels"],
                       self.seed, self.weather, self.daemons)
        self.reloads = [
            Reloads(daemon, d["folder"], place["rules"], self.seed)
            for daemon, d in zip(self.daemons, place["daemons"])]
        self.judge = Judge(place["sluice"], place["conf"], place["judge"],
                           place["variants"], self.fault)
        self.by_name = {}

    def fault(self, name, what):
        """Prints the first ones whole."""
        self.faults.append((name, what))
        if len(self.faults) <= FAULTS_NAMED:
            print("MISMATCH %s: %s" % (name, what))
        if len(self.faults) > FAULTS_SHOWN:
            return
        conversation = self.by_name.get(name)
        if conversation is not None:
            print("  %s, port %s of %s; Redis was %s" % (
                conversation.plan.address, conversation.plan.door.name,
                conversation.plan.door.mta, conversation.weather))
            for line in conversation.dialogue[-120:]:
                print("  " + line)
            print("  the story:\n" + conversation.story)
        print("  to replay: make soak SEED=%s MINUTES=%s CLIENTS=%s" % (
            self.seed, self.place["minutes"], self.place["clients"]),
            flush=True)

    async def client(self, number):
        dice = random.Random("%s/pace/%d" % (self.seed, number))
        for n in range(1, 1 << 20):
            if self.is_over.is_set():
                return
            plan = Plan(self.seed, number, n, self.doors, self.mails)
            conversation = Conversation(plan, self.mails, self.latencies)
            try:
                await conversation.run()
            except Exception as error: # a fault of the driver, not silence
                self.fault(plan.name, "the client failed: %r" % error)
                return
            self.pending.append(conversation)
            await asyncio.sleep(dice.expovariate(1 / 0.3))

    def note(self, conversation):
        for events in conversation.connections:
            self.counts["connections"] += 1
            for event in events:
                self.note_event(event, conversation)

    def note_event(self, event, conversation):
        if event.word == "end":
            self.counts["messages"] += 1
            if not conversation.is_calm:
                self.counts["messages in outages"] += 1
        if event.word in ("end", "rcpt", "mail", "data", "connect", "helo"):
            mark = MARK.search(event.text)
            kind = mark.group(1) if mark else "accept"
            if event.code // 100 in (2, 3) or mark:
                self.verdicts["%s %s" % (event.word, kind)] += 1

    def tell(self, conversation):
        """Its fate is known: into a story, and to the judge."""
        conversation.is_calm = is_calm = self.weather.is_calm(
            conversation.since, conversation.until)
        conversation.weather = "calm" if is_calm else "troubled"
        name = conversation.plan.name
        story = Story(conversation, self.fates, self.place["limits"], is_calm)
        conversation.story = story.text()
        self.by_name[name] = conversation
        for fault in story.faults:
            self.fault(name, fault)
        if not is_calm:
            self.check_bounds(conversation)
        for rule, n in story.refusals.items():
            self.counts["refused by " + rule] += n
        self.note(conversation)
        self.pools.note(conversation)
        self.judge.take(name, conversation.story, is_calm)
        self.fates.remember(conversation)
        conversation.mails = conversation.latencies = None
        if len(self.by_name) > 5000: # those that were judged long ago
            for old in list(self.by_name)[:2000]:
                del self.by_name[old]

    def check_bounds(self, conversation):
        n_troubles = self.weather.n_during(conversation.since,
                                           conversation.until)
        for what in list(bounds.too_many(conversation, n_troubles)) \
                + list(bounds.wrongly_refused(conversation, rule_of)):
            self.fault(conversation.plan.name, what)

    def settle(self):
        """Tells what has settled. Logs are read first: weather is known."""
        now = time.monotonic()
        for _ in range(len(self.pending)):
            conversation = self.pending.popleft()
            if now - conversation.until > LOOK_BACK_SECONDS \
                    and self.fates.are_settled(conversation):
                self.tell(conversation)
            else:
                self.pending.append(conversation)

    async def watch(self):
        while True:
            for daemon in self.daemons:
                daemon.read_log(self.weather)
            self.settle()
            since = time.monotonic()
            await asyncio.sleep(0.25)
            if time.monotonic() - since > STALL_SECONDS:
                self.weather.note("stalled", since)

    async def sample(self):
        while not self.is_over.is_set():
            for daemon in self.daemons:
                daemon.sample()
                await daemon.ask_status(self.place["sluice"], self.weather)
            await asyncio.sleep(SAMPLE_SECONDS)

    async def progress(self):
        since = time.monotonic()
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            print("%4d s  %d connections, %d messages, %d pending, %d judged, "
                  "%d reloads, %d troubles, RSS %s KiB, %d mismatches" % (
                      time.monotonic() - since, self.counts["connections"],
                      self.counts["messages"], len(self.pending),
                      sum(self.judge.n_judged.values()),
                      sum(r.n_good + r.n_refused for r in self.reloads),
                      sum(self.rig.counts.values()),
                      "+".join(str(d.samples[-1].rss_kib) for d in
                               self.daemons if d.samples), len(self.faults)),
                  flush=True)

    async def run(self):
        loop = asyncio.get_running_loop()
        self.sink = Sink()
        await self.sink.start(self.place["sink_port"])
        self.fates = Fates(self.sink, {
            "postfix": Postfix(self.place["postfix_queue"]),
            "sendmail": Sendmail(self.place["sendmail_queue"])})
        quiet = [loop.create_task(f()) for f in (self.watch, self.progress)]
        busy = [loop.create_task(self.client(n))
                for n in range(self.place["clients"])]
        busy += [loop.create_task(r.run(self.is_over)) for r in self.reloads]
        busy += [loop.create_task(self.rig.run(self.is_over)),
                 loop.create_task(self.sample())]
        loop.call_later(self.place["minutes"] * 60, self.is_over.set)
        await asyncio.gather(*busy)
        await self.finish()
        for task in quiet:
            task.cancel()

    async def finish(self):
        for _ in range(SETTLE_SECONDS * 4):
            if not self.pending:
                break
            await asyncio.sleep(0.25)
        for conversation in list(self.pending):
            self.by_name[conversation.plan.name] = conversation
            conversation.story, conversation.weather = "", "?"
            self.fault(conversation.plan.name,
                       "still in the MTA's queue after %d s" % SETTLE_SECONDS)
        await self.judge.finish()
        for ident, what in self.fates.faults_at_end():
            self.fault(ident, what)
        for what in self.pools.faults(self.weather):
            self.fault("pools", what)
        for part in [self.rig] + self.reloads:
            for what in part.problems:
                self.fault("the rig", what)
        for daemon in self.daemons:
            for what in daemon.faults(self.place["judges_memory"]):
                self.fault(daemon.name, what)
        told, found = await self.judge.is_awake()
        self.counts["lies"] = told
        if found != told or told == 0:
            self.fault("judge", "%d of %d lies were found" % (found, told))
        if self.fates.n_unread or self.sink.n_strange:
            self.fault("mails", "%d answers without a queue id, %d mails that "
                       "no client sent" % (self.fates.n_unread,
                                           self.sink.n_strange))

    def report(self):
        counts = self.counts
        print("soak: seed %s, %s minutes, %d clients" % (
            self.seed, self.place["minutes"], self.place["clients"]))
        print("  %d connections, %d messages sent to their end, %d of them "
              "while Redis was troubled; %d deliveries, %d held" % (
                  counts["connections"], counts["messages"],
                  counts["messages in outages"], self.sink.n_deliveries,
                  len([k for k in self.fates.told.values() if k == "held"])))
        print("  conversations judged: %d by all rules, %d by those without "
              "limits; %d lies told to the judge, all found" % (
                  self.judge.n_judged[True], self.judge.n_judged[False],
                  counts["lies"]))
        print("  pools: %d windows checked, %d left out" % (
            self.pools.n_windows, self.pools.n_left_out))
        print("  verdicts: " + ", ".join(
            "%s %d" % row for row in sorted(self.verdicts.items())))
        print("  refused: " + ", ".join(
            "%s %d" % (name[len("refused by "):], n)
            for name, n in sorted(counts.items())
            if name.startswith("refused by ")))
        print("  reloads: %d good, %d refused; slowest %.1f s" % (
            sum(r.n_good for r in self.reloads),
            sum(r.n_refused for r in self.reloads),
            max(r.slowest for r in self.reloads)))
        print("  Redis, troubled for %d s: %s" % (
            self.weather.troubled_seconds(), ", ".join(
                "%s %d" % row for row in sorted(self.rig.counts.items()))))
        own = collections.Counter(span[2] for span in self.weather.spans)
        print("  noticed besides: " + ", ".join(
            "%s %d" % (kind, own[kind])
            for kind in ("away", "moved", "failures", "stalled")))
        print("  latency p50/p99 in ms: " + ", ".join(
            self.latencies.figures()))
        for daemon in self.daemons:
            print("  " + daemon.figures())
            for said, n in daemon.said.most_common(12):
                print("    %6d  %s" % (n, said))
        print("  mismatches: %d" % len(self.faults))


async def main(path):
    with open(path, encoding="utf-8") as file:
        soak = Soak(json.load(file))
    await soak.run()
    soak.report()
    return 1 if soak.faults else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
