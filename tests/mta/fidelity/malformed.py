#!/usr/bin/env python3
"""Packets that are none, each on a connection of its own: malformed.py SOCKET

All at once; then a good conversation must be answered while they hang about.
Prints how many the milter closed, and what the good one was told.
"""
import os
import random
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../lib"))
from milterwire import pack, read_packet, show_answer

OFFER = pack(b"O", struct.pack("!III", 6, 0x1FF, 0x1FFFFF))
CONNECT = pack(b"C", b"a.example\0004\x9c\x40192.0.2.1\0")
HELO = pack(b"H", b"a.example\0")
MAIL = pack(b"M", b"<a@example.org>\0")
RCPT = pack(b"R", b"<b@example.net>\0")
GOOD = [OFFER, CONNECT, HELO, MAIL, RCPT]

# Instead of the negotiation.
FIRST = [
    b"", b"\0", b"\0\0\0\0", b"\0\0\0\0O", b"\0\0\0\x01O", b"GET / HTTP/1.0\r\n\r\n",
    pack(b"O", b"\0\0\0\x06"), pack(b"O", struct.pack("!III", 0, 0, 0)),
    pack(b"O", struct.pack("!III", 1, 0xF, 0x7F)),
    pack(b"O", struct.pack("!III", 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)),
    CONNECT, MAIL, pack(b"Q"), pack(b"A"), pack(b"K"), pack(b"E"),
]
# Behind a good beginning of any length. Macros always come in pairs here: at a
# name without its value libmilter 8.17 reads behind its own array.
LATER = [
    b"\0\0\0\0", b"\0\0\0\0M", b"\xff\xff\xff\xffM", b"\x80\0\0\0B",
    b"\x7f\xff\xff\xffB", b"\0\x01\0\x01B", b"\0\0\xff\xffBhalf",
    b"\0\0\0\x10M<a@", pack(b"?"), pack(b"\0"), pack(b"\x01x"), pack(b"\xff"),
    pack(b"\xff", b"x" * 1000), pack(b"C"), pack(b"C", b"a"), pack(b"C", b"a\0"),
    pack(b"C", b"a\0004"), pack(b"C", b"a\0004\0\0"), pack(b"C", b"a\0004\0\0x"),
    pack(b"C", b"a\0004\0\0not an address\0"), pack(b"C", b"a\0006\0\0::g\0"),
    pack(b"C", b"a\0L\0\0" + b"/" * 200 + b"\0"), pack(b"C", b"a\0Z\0\0x\0"),
    pack(b"C", b"\0U"), pack(b"H"), pack(b"H", b"a"), pack(b"H", b"\0\0"),
    pack(b"M"), pack(b"M", b"<a@b>"), pack(b"M", b"\0"), pack(b"M", b"\0" * 500),
    pack(b"M", b"<a@b>\0" + b"X=Y\0" * 10000), pack(b"R"), pack(b"R", b"<a@b>"),
    pack(b"R", b"\0"), pack(b"L"), pack(b"L", b"Subject"),
    pack(b"L", b"Subject\0"), pack(b"L", b"\0\0"), pack(b"L", b"a\0b"),
    pack(b"L", b"Subject\0" + b"x" * 65000 + b"\0"), pack(b"D"), pack(b"D", b"C"),
    pack(b"D", b"?j\0x\0"), pack(b"D", b"M\0\0"), pack(b"D", b"Cj\0x\0half"),
    pack(b"D", b"R" + b"a\0b\0" * 10000),
    pack(b"B"), pack(b"E", b"x" * 65000), pack(b"T", b"x"), pack(b"N", b"x"),
    pack(b"Q", b"x"), pack(b"A", b"x"), pack(b"K", b"x"), pack(b"U"),
    pack(b"U", b"x"), OFFER, CONNECT, RCPT, pack(b"N"), pack(b"E"), pack(b"T"),
    pack(b"B", b"x") * 3, pack(b"E") * 3, pack(b"N") * 3, pack(b"A") * 3,
]

EVENTS = GOOD + [packet for packet in LATER[8:] if packet[4:5] != b"D"]


def conversations():
    yield from FIRST
    for bad in LATER:
        for n_good in range(1, len(GOOD) + 1):
            yield b"".join(GOOD[:n_good]) + bad
    # and packets in any order, with bytes that were hit
    chance = random.Random(int(os.environ.get("SEED", "1")))
    for _ in range(int(os.environ.get("N_RANDOM", "100"))):
        data = bytearray(OFFER + b"".join(
            chance.choice(EVENTS) for _ in range(20)))
        for _ in range(chance.choice((0, 0, 1, 5))):
            data[chance.randrange(len(OFFER), len(data))] = chance.randrange(256)
        yield bytes(data)


def connect(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(20)
    sock.connect(path)
    return sock


def is_closed(sock):
    sock.setblocking(False)
    try:
        while sock.recv(65536):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def main():
    path = sys.argv[1]
    bad = []
    for data in conversations():
        sock = connect(path)
        try:
            sock.sendall(data)
        except OSError:
            pass  # closed in the middle of it
        bad.append(sock)
    good = connect(path)
    for packet in GOOD:
        good.sendall(packet)
        kind, data = read_packet(good)
        print("good: " + (
            "offer" if kind == b"O" else show_answer(kind, data)[0]))
    time.sleep(0.2)
    n_closed = sum(is_closed(sock) for sock in bad)
    print("malformed=%d" % len(bad))
    print("closed=%d" % n_closed)


main()
