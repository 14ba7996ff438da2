"""Mails of up to 20 MB that are meant to cost memory or time.

Each is a function that gives its bytes in blocks; nobody needs to hold them
all, nor to keep them on a disk.
"""

import importlib

SIZE = 20_000_000
CASES = {}


def hostile(name):
    """Decorator of a function that yields bytes, SIZE of them or fewer."""
    def keep(make):
        assert name not in CASES
        CASES[name] = make
        return make
    return keep


def fill(unit, n=SIZE):
    """unit again and again, n bytes in all, in blocks."""
    block = unit * max(1, 65536 // len(unit))
    while n > 0:
        yield block[:n]
        n -= len(block)


def load():
    for module in ("hostile_tree", "hostile_coding", "hostile_text",
                   "hostile_files"):
        importlib.import_module(module)


def names():
    load()
    return list(CASES)


def make(name):
    load()
    left = SIZE
    for block in CASES[name]():
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return
