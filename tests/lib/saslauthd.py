#!/usr/bin/env python3
"""saslauthd.py SOCKET: says yes to every login of Cyrus SASL.

The protocol of saslauthd(8): a connection for each question, which is login,
password, service and realm, each a length of two bytes and its bytes; the
answer is one such string. Here it is always OK, so a test logs in whom it
likes. Ends by a signal.
"""
import os
import socket
import sys


def read_string(file):
    size = int.from_bytes(file.read(2), "big")
    return file.read(size)


def main():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    os.chmod(sys.argv[1], 0o666)
    listener.listen(500)
    while True:
        conn, _ = listener.accept()
        with conn, conn.makefile("rb") as file:
            for _ in range(4):
                read_string(file)
            conn.sendall(b"\0\2OK")


main()
