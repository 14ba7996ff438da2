"""Mails that hide something: what the classes share.

A case is a function that wraps a payload; it is called twice, with what must
be found and with a harmless twin of the same size, of which nothing may be
found: so no case is found by accident.
"""

import importlib


class Payload:
    """What is hidden."""

    def __init__(self, thing, host):
        self.thing = thing                            # nine letters
        self.phrase = "enlarge your " + thing
        self.text = "Friends, %s today.\r\n" % self.phrase
        self.file = thing + ".exe"
        self.host = host                              # eleven letters
        self.url = "http://%s/%s" % (host, thing)
        self.program = b"MZ\x90\0\3\0\0\0" + b"\0" * 56 + thing.encode()


FOUND = Payload("pineapple", "bad.example")
HARMLESS = Payload("blueberry", "our.example")

CASES = []


def case(group, name, rule=None, damage=(), hides=""):
    """Decorator. rule: of evasion.rules, which alone must fire of those that
    look for the payload; damage: words that must be there."""
    def keep(make):
        damages = [damage] if isinstance(damage, str) else list(damage)
        assert rule or damages
        assert (group, name) not in [(c["class"], c["name"]) for c in CASES]
        CASES.append({"class": group, "name": name, "rule": rule,
                      "damage": damages, "hides": hides or make.__doc__ or "",
                      "make": make})
        return make
    return keep


def cases():
    """All of them, class by class."""
    for module in ("evasion_tree", "evasion_coding", "evasion_text",
                   "evasion_padding"):
        importlib.import_module(module)
    return sorted(CASES, key=lambda c: c["class"])
