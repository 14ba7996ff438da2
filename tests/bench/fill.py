#!/usr/bin/env python3
"""Fills a store for the benchmark, in Redis' own protocol on standard output.

fill.py KEYS GRANTS HOT EVENTS | redis-cli --pipe

KEYS users with two windows of limit bench-pace in use, GRANTS of them with a
grant, HOT of them near the limit, EVENTS refusals of others: as much as a store
may ever hold.
"""
import sys
import time

OUT = sys.stdout.buffer
BATCH = 20000


def command(*words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


def user(i):
    return "user%d@example.org" % i


def slots(now_ms, window_sec, used):
    newest = now_ms // (window_sec * 1000 // 8)
    return "%d/1000 %d%s %d" % (used, newest, " 0" * 8, used)


def all_commands(n_keys, n_grants, n_hot, n_events):
    now_ms = int(time.time() * 1000)
    until = now_ms // 1000 + 86400
    hour, day = slots(now_ms, 3600, 900), slots(now_ms, 86400, 900)
    for i in range(n_keys):
        key = "sluice:limit:bench-pace:{%s}" % user(i)
        yield command("hset", key, "recipients.1h", hour, "recipients.1d", day)
        yield command("expire", key, "90000")
    for i in range(n_grants):
        yield command("set", "sluice:grant:bench-pace:{%s}" % user(i),
                      'x5 until=%d reason="benchmark" by=bench' % until,
                      "ex", "86400")
        yield command("zadd", "sluice:grants", str(until),
                      "bench-pace:{%s}" % user(i))
    for i in range(n_hot):
        yield command("zadd", "sluice:hot:bench-pace", str(now_ms - i), user(i))
    for i in range(n_events):
        yield command("xadd", "sluice:events", "*", "event", "verdict",
                      "host", "mx1", "ref", "abc%d-1" % i, "stage", "rcpt",
                      "action", "tempfail", "code", "450", "rule", "pace",
                      "text", "enough", "client", "192.0.2.7",
                      "user", user(n_keys + i), "limit", "bench-pace",
                      "key", user(n_keys + i), "used", "1000", "max", "1000",
                      "window", "1h")


def main():
    batch = []
    for one in all_commands(*map(int, sys.argv[1:5])):
        batch.append(one)
        if len(batch) == BATCH:
            OUT.write(b"".join(batch))
            batch = []
    OUT.write(b"".join(batch))


main()
