#!/usr/bin/env python3
"""Says yes to every login, in the words of Dovecot's: login.py SOCKET"""
import base64
import os
import socket
import sys
import threading


def serve(connection):
    lines = connection.makefile("rw", newline="\n")
    lines.write("VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\n"
                "COOKIE\t0\nDONE\n")
    lines.flush()
    for line in lines:
        words = line.rstrip("\n").split("\t")
        if words[0] == "AUTH":
            login = [w[5:] for w in words if w.startswith("resp=")][0]
            user = base64.b64decode(login).split(b"\0")[1].decode()
            lines.write("OK\t%s\tuser=%s\n" % (words[1], user))
            lines.flush()


listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
listener.listen()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],),
                     daemon=True).start()
