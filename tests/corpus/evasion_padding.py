"""Evasions by size: class 11."""

from evasion import case
from mailkit import CRLF, b64, crlf, mail, multi, noise, part, zip_of

PADDING = "11-padding"
MIB = 1 << 20


def filler(n, line="All is quiet in the garden tonight, and nobody is here."):
    """n bytes of dull text."""
    line = line.encode() + CRLF
    return line * (n // len(line) + 1)


def words(p):
    return part(["Content-Type: text/plain",
                 "Content-Transfer-Encoding: base64"], b64(p.text.encode()))


def program(p):
    return part(["Content-Type: application/octet-stream",
                 "Content-Disposition: attachment; filename=" + p.file,
                 "Content-Transfer-Encoding: base64"], b64(p.program))


def mixed(parts, **more):
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", parts, **more))


@case(PADDING, "preamble", "phrase", "part-cut",
      "a preamble larger than what is kept")
def _(p):
    return mixed([words(p)], preamble=filler(3 * MIB // 2))


@case(PADDING, "first-part", "phrase", "part-cut",
      "a first part larger than what is kept")
def _(p):
    return mixed([part(["Content-Type: text/plain"], filler(2 * MIB)),
                  words(p)])


@case(PADDING, "tail-of-text", "phrase", "part-cut",
      "the end of a text that is larger than what is kept")
def _(p):
    return mail(["Content-Type: text/plain"], filler(2 * MIB) + p.text.encode())


@case(PADDING, "program-behind-text", "program",
      hides="an attachment behind a large text")
def _(p):
    return mixed([part(["Content-Type: text/plain"], filler(2 * MIB)),
                  program(p)])


@case(PADDING, "large-attachment-first", "phrase",
      hides="a text behind a large attachment")
def _(p):
    image = part(["Content-Type: image/png; name=a.png",
                  "Content-Transfer-Encoding: base64"],
                 b64(noise("image", 2 * MIB)))
    return mixed([image, words(p)])


@case(PADDING, "comment", "phrase",
      hides="HTML with a large comment before the text")
def _(p):
    return mail(["Content-Type: text/html"],
                b"<p>Hello<!--" + filler(MIB // 2) + b"-->" + p.text.encode())


@case(PADDING, "epilogue", "phrase", "part-cut",
      "the end of an epilogue")
def _(p):
    return mixed([part([], "Hello.")],
                 epilogue=filler(3 * MIB // 2) + p.text.encode())


@case(PADDING, "many-parts", "phrase", "part-count",
      "a part behind as many as are counted")
def _(p):
    return mixed([part([], "a")] * 1200 + [part([], p.text)])


@case(PADDING, "many-headers", "phrase",
      hides="the Content-Type behind a thousand other fields")
def _(p):
    return mail(["X-Garden-%d: quiet" % i for i in range(1500)] +
                ["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [words(p)]))


@case(PADDING, "many-part-headers", "phrase",
      hides="a part's Content-Type behind a thousand other fields")
def _(p):
    inner = part(["X-Garden-%d: quiet" % i for i in range(1500)] +
                 ["Content-Type: text/plain",
                  "Content-Transfer-Encoding: base64"], b64(p.text.encode()))
    return mixed([part([], "Hello."), inner])


def behind_header(p, n):
    inner = part(["Content-Type: application/octet-stream",
                  "Content-Disposition: attachment; x=%s;\r\n filename=%s" %
                  ("n" * n, p.file),
                  "Content-Transfer-Encoding: base64"], b64(p.program))
    return mixed([part([], "Hello."), inner])


@case(PADDING, "long-header", "program",
      hides="a file name behind 60 KB of its header field")
def _(p):
    return behind_header(p, 60_000)


@case(PADDING, "longer-header", None, "header-size",
      "a file name behind 200 KB of its header field")
def _(p):
    return behind_header(p, 200_000)


@case(PADDING, "archive-directory-last", "archived",
      hides="an archive whose list stands behind 2 MB of data")
def _(p):
    data = zip_of([("noise.bin", noise("zip", 2 * MIB)),
                   (p.file, p.program)])
    return mixed([part(["Content-Type: application/zip",
                        "Content-Disposition: attachment; filename=a.zip",
                        "Content-Transfer-Encoding: base64"], b64(data))])


@case(PADDING, "zero-width", "folded",
      hides="a letter, 300 KB of nothing, a letter")
def _(p):
    nothing = ("\u200b" * 100000).encode()
    return mail(["Content-Type: text/plain; charset=utf-8"],
                b"".join(bytes([c]) + (nothing if i == 12 else b"")
                         for i, c in enumerate(p.text.encode())))


@case(PADDING, "blank-lines", "phrase", hides="a page that is empty at first")
def _(p):
    return mail(["Content-Type: text/plain"],
                crlf("\n" * (MIB // 4) + p.text))
