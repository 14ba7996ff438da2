#!/usr/bin/env python3
"""Eats what a daemon has: hold.py SOCKET places N | beside N | memory N

places: N connections that say nothing, until this program is killed.
beside N: N connections stop in the middle of a packet, all at once; prints
    whether one beside them is answered.
memory: N messages whose bodies grow in turn; prints how many connections
    were cut off.
"""
import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../lib"))
from milterwire import pack, read_packet

BEGINNING = [
    pack(b"O", struct.pack("!III", 6, 0x1FF, 0x1FFFFF)),
    pack(b"C", b"a.example\0004\x9c\x40192.0.2.1\0"), pack(b"H", b"a\0"),
    pack(b"M", b"<a@example.org>\0"), pack(b"R", b"<b@example.net>\0"),
    pack(b"T"), pack(b"N")]
CHUNK = pack(b"B", b"x" * 65535)
CHUNKS_MAX = 20000


def connect(path):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(20)
    client.connect(path)
    return client


def places(path, n_clients):
    clients = [connect(path) for _ in range(n_clients)]
    print("held=%d" % len(clients), flush=True)
    time.sleep(600)


def beside(path, n_clients):
    clients = [connect(path) for _ in range(n_clients + 1)]
    for client in clients:
        for packet in BEGINNING[:2]:
            client.sendall(packet)
            read_packet(client)
    time.sleep(0.5)
    for client in clients[:-1]:
        client.sendall(BEGINNING[3][:8])
    clients[-1].sendall(BEGINNING[3])
    try:
        read_packet(clients[-1])
        print("answered")
    except OSError:
        print("not answered")


def memory(path, n_clients):
    clients = [connect(path) for _ in range(n_clients)]
    packets = {client: list(BEGINNING) for client in clients}
    for n in range(CHUNKS_MAX):
        client = clients[n % len(clients)]
        try:
            client.sendall(
                packets[client].pop(0) if packets[client] else CHUNK)
            read_packet(client)
        except OSError:
            clients.remove(client)
            if not clients:
                break
    print("%d of %d were cut off" % (n_clients - len(clients), n_clients))


if __name__ == "__main__":
    {"places": places, "beside": beside,
     "memory": memory}[sys.argv[2]](
        sys.argv[1], int(sys.argv[3]))
