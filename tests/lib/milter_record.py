#!/usr/bin/env python3
"""Stands between an MTA and a milter and writes down what they say.

milter_record.py LISTEN MILTER FILE
    LISTEN, MILTER: paths of unix sockets. FILE: what `milter.py --replay`
    takes; each connection is written when it ends, "> " before what the MTA
    said and "< " before what the milter did. Until it is killed.
"""
import os
import socket
import sys
import threading

from milterwire import pack, read_packet, show_answer, show_offer, show_step

writing = threading.Lock()


class Connection:
    def __init__(self, mta, path, file):
        self.mta = mta
        self.milter = socket.socket(socket.AF_UNIX)
        self.milter.connect(path)
        self.lines = []
        self.file = file

    def copy(self, source, sink, show):
        try:
            while True:
                kind, data = read_packet(source)
                self.lines.append(show(kind, data))
                sink.sendall(pack(kind, data))
        except OSError:
            pass

    def hear(self):
        self.copy(self.milter, self.mta, lambda kind, data: "< " + (
            show_offer(data) if kind == b"O" else show_answer(kind, data)[0]))
        self.mta.close()

    def serve(self):
        threading.Thread(target=self.hear, daemon=True).start()
        self.copy(self.mta, self.milter,
                  lambda kind, data: "> " + show_step(kind, data))
        if self.lines and self.lines[-1] != "> quit":
            self.lines.append("> drop")
        with writing:
            self.file.write("\n".join(self.lines) + "\n\n")
            self.file.flush()
        self.milter.close()


def main():
    path, milter, name = sys.argv[1:]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o777)
    listener.listen(100)
    with open(name, "a", encoding="ascii") as file:
        while True:
            connection = Connection(listener.accept()[0], milter, file)
            threading.Thread(target=connection.serve, daemon=True).start()


main()
