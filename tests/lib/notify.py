#!/usr/bin/env python3
"""The service manager's ear: prints what it is told, a line a datagram.

notify.py SOCKET
"""
import socket
import sys

ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.bind(sys.argv[1])
while True:
    print(ear.recv(4096).decode().replace("\n", " "), flush=True)
