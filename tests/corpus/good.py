"""Mails as honest programs write them: nothing in them is damaged."""

import importlib


def mails():
    """(name, bytes) of each."""
    seen = set()
    for module in ("good_charsets", "good_written", "good_programs",
                   "good_library"):
        for name, data in importlib.import_module(module).mails():
            assert name not in seen, name
            seen.add(name)
            yield name, data
