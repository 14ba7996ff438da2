#!/usr/bin/env python3
"""Many connections of MTAs at once, step by step: crowd.py SOCKET PID [N]

All send one step, then all read their answers, so that N messages are open at
the same time. Prints what came, and what process PID had in use meanwhile.
"""
import collections
import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../lib"))
from milterwire import pack, read_packet, show_answer, step_data

STEPS = [b"connect a.example 192.0.2.1", b"helo a.example",
         b"mail <a@example.org>", b"rcpt <b@example.net>",
         b"rcpt <refuse@example.net>", b"data", b"eoh", b"end"]
COMMANDS = dict(zip((s.partition(b" ")[0] for s in STEPS), b"CHMRRTNE"))


def in_use(pid):
    with open("/proc/%s/status" % pid, encoding="ascii") as file:
        status = dict(line.split(":", 1) for line in file)
    return int(status["Threads"]), int(status["VmRSS"].split()[0])


def main():
    path, pid = sys.argv[1:3]
    n_clients = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    answers = collections.Counter()
    threads, before = in_use(pid)
    most = [threads, before]
    start = time.monotonic()
    clients = []
    for _ in range(n_clients):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(30)
        client.connect(path)
        client.sendall(pack(b"O", struct.pack("!III", 6, 0x1FF, 0x1FFFFF)))
        clients.append(client)
    for client in clients:
        answers["offer " + read_packet(client)[0].decode()] += 1
    for step in STEPS:
        name, _, rest = step.partition(b" ")
        data = step_data(name.decode(), rest)
        for client in clients:
            client.sendall(pack(bytes([COMMANDS[name]]), data))
        most[0] = max(most[0], in_use(pid)[0])
        for client in clients:
            text = show_answer(*read_packet(client))[0]
            answers["%s %s" % (name.decode(), text.split(" (")[0])] += 1
            if name == b"connect" and text != "continue":
                client.close()  # as an MTA does
        clients = [client for client in clients if client.fileno() != -1]
        most[1] = max(most[1], in_use(pid)[1])
    took = time.monotonic() - start
    for client in clients:
        client.close()
    for text, n_times in answers.items():
        print("%s: %d" % (text, n_times))
    print("ms=%d" % (took * 1000))
    print("threads=%d" % most[0])
    print("kib_each=%d" % ((most[1] - before) // n_clients))


main()
