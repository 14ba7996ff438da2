#!/usr/bin/env python3
"""Makes html/entity_table.h, the names behind html/entity.c.

    python3 milter/mime/html/make_entities.py > milter/mime/html/entity_table.h

All of HTML 4, and of HTML 5 those that stand for letters, digits,
punctuation, blanks and what is not seen: what can be part of a word. Arrows
and operators are left out.
"""
import sys
import unicodedata
from html.entities import html5, name2codepoint


def is_wanted(name, text):
    if len(text) > 1:
        return text.isascii()
    if ord(text) in name2codepoint.values():
        return True
    return unicodedata.category(text)[0] in "LMNPZC" or text.isascii() or \
        unicodedata.normalize("NFKC", text).isascii()


def main():
    bare = {n for n in html5 if not n.endswith(";")}
    rows = []
    for key, text in html5.items():
        name = key[:-1]
        if key.endswith(";") and is_wanted(name, text):
            codes = [ord(c) for c in text] + [0]
            assert len(text) <= 2 and max(codes) < 0x20000
            rows.append((name.encode(), '{"%s",0x%x,%d,%d}' % (
                name, codes[0], codes[1], name in bare)))
    rows.sort()
    out = sys.stdout
    out.write("/* Made by make_entities.py. Sorted by name. */\n"
              "/* clang-format off */\n"
              "static const struct entity entities[] = {\n")
    line = ""
    for _, row in rows:
        if len(line) + len(row) > 150:
            out.write(line + "\n")
            line = ""
        line += row + ","
    out.write(line + "\n};\n/* clang-format on */\n")


main()
