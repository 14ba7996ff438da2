#!/usr/bin/env python3
"""compare.py - is an honest mail read as Python's email package reads it?

    compare.py DIR PARTS

DIR has the mails, PARTS what content_parts printed of them. Of each leaf the
type, the file name and the text or the bytes must agree. Where the two differ
on purpose, the function that says so is in DIFFERENCES, and says why; each must
be needed by some mail, or it is a failure, too.

Prints lines for corpus.sh as judge.py does.
"""

import email
import email.policy
import json
import os
import sys

from judge import verdict
from texts import SUPERSETS

USED = set()


def lines(text):
    """Line ends are no part of what is compared, nor is the last one: it is
    the delimiter's."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def sub_messages(part):
    """Python reads the groups of fields of a report as messages; for us they
    are one text, as RFC 3464 and RFC 8098 call them."""
    if part.get_content_type() not in REPORTS:
        return None
    USED.add("sub_messages")
    return "".join(str(one) for one in part.get_payload())


def superset(charset, data):
    """Python takes some labels by the letter, or not at all, and lacks what is
    not of them. Mail programs read the supersets under which such mail is
    really written, as the Encoding standard of the web has them; so do we."""
    try:
        strict = data.decode(charset)
    except (LookupError, UnicodeDecodeError):
        strict = None
    wide = data.decode(SUPERSETS_BY_NAME.get(charset, charset))
    if wide != strict:
        USED.add("superset")
    return wide


def line_ends(ours, kept):
    """Python turns CRLF into LF on reading, even of parts that are no text;
    for us bytes that were not encoded stay as they came."""
    if ours["encoding"] != "identity" or b"\r\n" not in kept:
        return kept
    USED.add("line_ends")
    return kept.replace(b"\r\n", b"\n")


SUPERSETS_BY_NAME = {name: codec for name, codec, _ in SUPERSETS}
REPORTS = ("message/delivery-status", "message/disposition-notification")
DIFFERENCES = {"sub_messages", "superset", "line_ends"}


def text_of(part):
    whole = sub_messages(part)
    if whole is not None:
        return whole
    data = part.get_payload(decode=True)
    return superset(part.get_content_charset() or "us-ascii", data)


def leaf(part):
    type_ = part.get_content_type()
    own = {"type": type_, "name": part.get_filename()}
    if type_.startswith("text/") or type_.startswith("message/"):
        own["text"] = lines(text_of(part))
    else:
        own["bytes"] = part.get_payload(decode=True)
    return own


def walk(part):
    """Leaves in order; never into the groups of a delivery report."""
    if part.get_content_type() in REPORTS:
        yield leaf(part)
    elif part.is_multipart():
        if part.preamble and part.preamble.strip():
            yield {"role": "preamble", "text": lines(part.preamble)}
        for one in part.get_payload():
            yield from walk(one)
        if part.epilogue and part.epilogue.strip():
            yield {"role": "epilogue", "text": lines(part.epilogue)}
    else:
        yield leaf(part)


def differs(theirs, ours):
    """What is wrong with one leaf, or None."""
    if theirs.get("role", "part") != ours["role"]:
        return "role %s, Python has %s" % (ours["role"], theirs.get("role"))
    if "type" in theirs and theirs["type"] != ours["type"]:
        return "type %s, Python has %s" % (ours["type"], theirs["type"])
    name = theirs.get("name")
    if name is not None and name not in ours["names"]:
        return "names %s, Python has %r" % (ours["names"], name)
    if name is None and ours["names"]:
        return "names %s, Python has none" % ours["names"]
    if "text" in theirs:
        if "text" not in ours or lines(ours["text"]) != theirs["text"]:
            return "text %r, Python has %r" % (ours.get("text"),
                                               theirs["text"])
        return None
    kept = line_ends(ours, bytes.fromhex(ours["bytes"]))
    size = ours["size"] if kept.hex() == ours["bytes"] else len(kept)
    if size != len(theirs["bytes"]):
        return "%d bytes, Python has %d" % (size, len(theirs["bytes"]))
    if not theirs["bytes"].startswith(kept):
        return "other bytes than Python's"
    return None


def compare(path, parts):
    with open(path, "rb") as mail:
        message = email.message_from_binary_file(mail,
                                                 policy=email.policy.default)
    theirs = list(walk(message))
    ours = [one for one in parts["leaves"]
            if one["role"] not in ("preamble", "epilogue") or
            one["text"].strip()]
    notes = ["leaf %d: %s" % (i + 1, what)
             for i, (a, b) in enumerate(zip(theirs, ours))
             for what in [differs(a, b)] if what]
    if len(theirs) != len(ours):
        notes.append("%d leaves, Python has %d" % (len(ours), len(theirs)))
    subject = message.get("subject")
    if subject is not None and subject != parts.get("subject"):
        notes.append("subject %r, Python has %r" % (parts.get("subject"),
                                                    str(subject)))
    verdict(not notes, parts["name"], *notes)


def main(folder, results):
    with open(results, encoding="utf-8") as given:
        for line in given:
            parts = json.loads(line)
            compare(os.path.join(folder, parts["name"]), parts)
    verdict(USED == DIFFERENCES, "each difference that is allowed is there",
            "not met: %s" % sorted(DIFFERENCES - USED))


if __name__ == "__main__":
    main(*sys.argv[1:])
