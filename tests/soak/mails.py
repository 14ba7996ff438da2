"""mails.py - the mails that clients send, as files.

Some are written here, so that every rule has something to decide; the rest are
those of tests/corpus that an MTA hands on as they are. What it would change on
the way (bare CR, NUL, long lines, a header that is none) is left out: rules
would then be right to see something else than the story shows.
"""
import base64
import io
import os
import re
import subprocess
import sys
import zipfile

LINE_MAX = 900
BYTES_MAX = 400_000
CORPUS = ("good", "evasion", "marked")
CORPUS_MAX = 700

FIELD = re.compile(rb"[!-9;-~]+:")

BASIC = (b"From: Anna <anna@example.org>\r\nTo: bob@example.net\r\n"
         b"Date: Tue, 24 Nov 2026 08:00:00 +0000\r\n"
         b"Message-ID: <soak@example.org>\r\n")


def simple(subject, body, extra=b""):
    return (BASIC + extra + b"Subject: " + subject + b"\r\n\r\n"
            + body + b"\r\n")


def with_attachment(name, data, kind="application/octet-stream"):
    encoded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return (BASIC + b"Subject: a file\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: multipart/mixed; boundary=soak\r\n\r\n"
            b"--soak\r\nContent-Type: text/plain\r\n\r\nsee there\r\n"
            b"--soak\r\nContent-Type: " + kind.encode() + b"\r\n"
            b"Content-Disposition: attachment; filename=\""
            + name.encode() + b"\"\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n"
            + encoded + b"\r\n--soak--\r\n")


def archive(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name in names:
            # a date of its own: the same bytes in every run
            file.writestr(zipfile.ZipInfo(name), b"what is in it\n" * 50)
    return out.getvalue()


def lines(n_bytes):
    line = b"Sixty-two letters and blanks stand in this very plain line.\r\n"
    return line * (n_bytes // len(line) + 1)


def written():
    """Name and bytes; the name's first word is its kind in a plan."""
    phrase = b"You can enlarge your pineapple."
    yield "plain-1", simple(b"hello", b"One line.")
    yield "plain-2", simple(b"twenty lines", lines(1200))
    yield "plain-dots", simple(b"dots", b".\r\n..\r\n.leading\r\nend.")
    yield "plain-empty", simple(b"nothing", b"")
    yield "plain-old", simple(b"old", b"x", b"X-Old: 1\r\nx-old: 2\r\n")
    yield "plain-mailer", simple(b"m", b"x", b"X-Mailer: other\r\n")
    yield "plain-exempt", simple(b"x", phrase, b"X-Exempt: yes\r\n")
    yield "plain-odd", simple(b"odd", b"That is odd indeed.")
    yield "found-phrase", simple(b"offer", phrase)
    yield "found-subject", simple(phrase, b"Look above.")
    yield "refused-word", simple(b"forbidden fruit", b"An apple.")
    yield "refused-later", simple(b"later", b"please-wait a moment")
    yield "refused-exe", with_attachment("Invoice.EXE", b"MZ" + bytes(400))
    yield "refused-zip", with_attachment(
        "files.zip", archive("a.txt", "b/run.exe"), "application/zip")
    yield "plain-zip", with_attachment(
        "files.zip", archive("a.txt", "b/c.txt"), "application/zip")
    yield "plain-pdf", with_attachment("x.pdf", b"%PDF-1.4\n" * 900)
    yield "held-1", simple(b"hold", b"hold-me until somebody looks")
    yield "junk-1", simple(b"junk", b"drop-me silently")
    yield "turned-1", simple(b"turn", b"turn-me somewhere else")
    yield "heavy-1", simple(b"heavy", lines(150_000))
    yield "huge-1", simple(b"huge", lines(1_500_000))
    yield "huge-file", with_attachment("big.bin", os.urandom(0) + bytes(
        (i * 7919 >> 3) & 255 for i in range(700_000)))


def as_smtp(data):
    """The mail with SMTP's line ends, or None if SMTP does not have it."""
    data = data.replace(b"\r\n", b"\n")
    if b"\r" in data or b"\0" in data or len(data) > BYTES_MAX:
        return None
    rows = data.split(b"\n")
    if any(len(row) > LINE_MAX for row in rows) or b"" not in rows:
        return None
    for row in rows[:rows.index(b"")]:
        if not FIELD.match(row) and row[:1] not in (b" ", b"\t"):
            return None
    if rows[0][:1] in (b" ", b"\t") or not data.endswith(b"\n"):
        return None
    return b"\r\n".join(rows)


def of_corpus(corpus, folder):
    found = []
    for kind in CORPUS:
        where = os.path.join(folder, kind)
        subprocess.run([sys.executable, os.path.join(corpus, "make.py"), kind,
                        where], check=True)
        for path, _, names in sorted(os.walk(where)):
            found += [os.path.join(path, name) for name in sorted(names)
                      if name.endswith(".eml")]
    step = max(1, len(found) // CORPUS_MAX)
    for number, path in enumerate(found[::step]):
        with open(path, "rb") as file:
            data = as_smtp(file.read())
        if data is not None:
            yield "corpus-%d-%s" % (
                number, os.path.relpath(path, folder)
                .replace(os.sep, "-")[:-4]), data


class Mails:
    """Written into a folder once; by kind for plans, by name for stories."""

    def __init__(self, folder, corpus=None):
        self.folder = folder
        self.data = dict(written())
        if corpus is not None:
            self.data.update(of_corpus(corpus, folder))
        self.by_kind = {}
        for name, data in self.data.items():
            self.by_kind.setdefault(name.split("-")[0], []).append(name)
            with open(self.path(name), "wb") as out:
                out.write(data)

    def path(self, name):
        return os.path.join(self.folder, name + ".eml")
