#!/usr/bin/env python3
"""make.py - the mails of the corpus, the same in every run.

    make.py evasion DIR    DIR/NN-class/name.eml, DIR/harmless/NN-class/name.eml
                           and DIR/manifest.jsonl: a line for each mail
    make.py good DIR       DIR/name.eml
    make.py marked DIR     DIR/name.eml, DIR/manifest.jsonl: honest, and marked
    make.py hostile        lists the names of what costs memory or time
    make.py hostile NAME   writes one of them to standard output
    make.py hostile - [NAME...]
                           writes several, or all, each behind "NAME BYTES"
    make.py pack DIR       writes the mails of a folder in the same way
    make.py rules          writes a rule for each word of the honest mails

Everything is made here; no mail was taken from anywhere.
"""

import glob
import json
import os
import re
import sys

import evasion
import good
import good_marked
import hostile
from texts import LETTERS


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(data)


def make_evasion(folder):
    lines = []
    for case in evasion.cases():
        name = "%s/%s.eml" % (case["class"], case["name"])
        twin = "harmless/" + name
        write(os.path.join(folder, name), case["make"](evasion.FOUND))
        write(os.path.join(folder, twin), case["make"](evasion.HARMLESS))
        lines.append({"file": name, "twin": twin, "class": case["class"],
                      "hides": case["hides"], "rule": case["rule"],
                      "damage": case["damage"]})
    write_manifest(folder, lines)


def write_manifest(folder, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    write(os.path.join(folder, "manifest.jsonl"), text.encode())


def make_good(folder):
    for name, data in good.mails():
        write(os.path.join(folder, name + ".eml"), data)


def make_marked(folder):
    lines = []
    for name, words, data in good_marked.mails():
        write(os.path.join(folder, name + ".eml"), data)
        lines.append({"file": name + ".eml", "damage": words})
    write_manifest(folder, lines)


def make_hostile(name):
    for block in hostile.make(name):
        sys.stdout.buffer.write(block)


def stream_hostile(dash, *names):
    for name in names or hostile.names():
        pack_one(name, b"".join(hostile.make(name)))


def pack_one(name, data):
    sys.stdout.buffer.write(b"%s %d\n" % (name.encode(), len(data)))
    sys.stdout.buffer.write(data)


def pack(folder):
    for path in sorted(glob.glob(folder + "/**/*.eml", recursive=True)):
        with open(path, "rb") as mail:
            pack_one(os.path.relpath(path, folder), mail.read())


def make_rules():
    """So many patterns that they are looked for together."""
    words = {word for _, letter, _, _ in LETTERS.values()
             for word in re.findall(r"\w{3,}", letter)}
    words |= {"p.neapple", "enl(a|o)rge", "your? ", r"\bexe$", "b+ad"}
    print("on message {")
    for i, word in enumerate(sorted(words)):
        for fact in ("body", "body.folded"):
            name = "%s-%d" % (fact.replace(".", "-"), i)
            print("%s: tag \"%s\" if %s =~ /%s/i" % (name, name, fact, word))
    print("}")


def list_hostile():
    print("\n".join(hostile.names()))


COMMANDS = {("evasion", 1): make_evasion, ("good", 1): make_good,
            ("marked", 1): make_marked,
            ("hostile", 0): list_hostile, ("hostile", 1): make_hostile,
            ("pack", 1): pack, ("rules", 0): make_rules}


def main(words):
    command = COMMANDS.get((words[0] if words else "", len(words) - 1))
    if words[:2] == ["hostile", "-"]:
        command = stream_hostile
    if command is None:
        sys.exit(__doc__)
    try:
        command(*words[1:])
    except BrokenPipeError:
        # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main(sys.argv[1:])
