"""What costs by the tree of parts, and by headers."""

from hostile import SIZE, fill, hostile
from mailkit import CRLF, dice, mail, multi, part

MIXED = ["Content-Type: multipart/mixed; boundary=b"]


@hostile("empty-parts-1mb")
def _():
    yield mail(MIXED)
    yield from fill(b"--b\r\n\r\n", 1_000_000)


@hostile("empty-parts")
def _():
    yield mail(MIXED)
    yield from fill(b"--b\r\n\r\n")


@hostile("shortest-parts")
def _():
    yield mail(MIXED)
    yield from fill(b"--b\n")


@hostile("parts-html-one-letter")
def _():
    yield mail(MIXED)
    yield from fill(b"--b\r\nContent-Type:text/html\r\n\r\n<a href=//a>a\r\n")


@hostile("parts-1000-of-20k")
def _():
    yield mail(MIXED)
    yield from fill(b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" +
                    "<p>ä<i>о".encode() * 1700 + CRLF)


@hostile("parts-1000-long-names")
def _():
    yield mail(MIXED)
    for i in range(1000):
        name = ("n%d" % i) + "x" * 9000
        yield part(["--b", "Content-Type: application/octet-stream;"
                    ' name="%s.txt"' % name,
                    "Content-Disposition: attachment; filename=\"%s\";"
                    " filename*=utf-8''%s" % (name, "%41" * 3000)], "x\r\n")


@hostile("parts-1000-many-parameters")
def _():
    yield mail(MIXED)
    for i in range(1000):
        yield part(["--b", "Content-Type: text/plain" + "".join(
            ";\r\n p%d=%d" % (j, j) for j in range(1500))], "x\r\n")


@hostile("nested-multiparts")
def _():
    yield mail(["Content-Type: multipart/mixed; boundary=b0"])
    for i in range(SIZE // 70):
        yield (b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n"
               % (i, i + 1))


@hostile("nested-same-boundary")
def _():
    yield mail(MIXED)
    yield from fill(b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n")


@hostile("nested-messages")
def _():
    yield mail(["Content-Type: message/rfc822"])
    yield from fill(b"Content-Type: message/rfc822\r\n\r\n")


@hostile("nested-in-32-then-lines")
def _():
    for i in range(31):
        yield b"Content-Type: multipart/mixed; boundary=%s%d\r\n\r\n--%s%d\r\n" \
            % (b"b" * 60, i, b"b" * 60, i)
    yield CRLF
    yield from fill(b"--" + b"b" * 60 + b"x\r\n")


@hostile("boundary-like-lines")
def _():
    yield mail(MIXED, "--b\r\n\r\n")
    yield from fill(b"--a\r\n--bb\r\n--\r\n--B\r\n")


@hostile("boundary-prefix-lines")
def _():
    mark = b"b" * 70
    yield mail([b"Content-Type: multipart/mixed; boundary=" + mark])
    yield b"--" + mark + b"\r\n\r\n"
    yield from fill(b"--" + mark[:69] + b"\r\n--" + mark + b"x\r\n")


@hostile("boundary-many-parameters")
def _():
    yield mail(["Content-Type: multipart/mixed" + "".join(
        "; boundary=b%d" % i for i in range(6000))])
    for i in range(200_000):
        yield b"--b%d\r\n\r\nx\r\n" % (i % 6000)


@hostile("headers-100000")
def _():
    yield from (b"X-%d: y\r\n" % i for i in range(100_000))
    yield b"\r\nHello\r\n"


@hostile("headers-100000-content")
def _():
    yield from fill(b"Content-Type: multipart/mixed; boundary=b\r\n", 5_000_000)
    yield b"\r\nHello\r\n"


@hostile("headers-addresses")
def _():
    for name in (b"From", b"To", b"Cc", b"Reply-To"):
        for _ in range(70):
            yield name + b": " + b"<a@b>,(((((" * 5900 + CRLF
    yield b"\r\nHello\r\n"


@hostile("headers-subjects-words")
def _():
    for _ in range(300):
        yield b"Subject: " + b"=?gb18030?b?/w==?= =?utf-7?q?+?=" * 2000 + CRLF
    yield b"\r\nHello\r\n"


@hostile("headers-subjects-long")
def _():
    """An MTA passes on fields of 100 KB at most."""
    for _ in range(200):
        yield b"Subject: " + b"urgent you won!!! AAAA " * 4000 + CRLF
    yield b"\r\nHello\r\n"


@hostile("part-headers-100000")
def _():
    yield mail(MIXED)
    yield b"--b\r\n"
    yield from fill(b"X-Y: z\r\n")


@hostile("part-header-of-20mb")
def _():
    yield mail(MIXED)
    yield b"--b\r\nContent-Type: text/plain; name="
    yield from fill(b"\r\n x;y=")


@hostile("part-headers-duplicate")
def _():
    yield mail(MIXED)
    kinds = [b"Content-Type: multipart/mixed; boundary=b%d\r\n",
             b"Content-Type: text/html; charset=x%d\r\n",
             b"Content-Transfer-Encoding: base64 (%d)\r\n",
             b"Content-Transfer-Encoding: quoted-printable (%d)\r\n",
             b"Content-Disposition: attachment; filename=f%d\r\n"]
    for i in range(40_000):
        yield b"--b\r\n" + b"".join(k % i for k in kinds) + b"\r\nQUFB=41\r\n"


@hostile("read-twice-in-depth")
def _():
    """Each level has two Content-Types, so that each could be read twice."""
    for i in range(40):
        yield (b"Content-Type: multipart/mixed; boundary=b%d\r\n"
               b"Content-Type: multipart/mixed; boundary=c%d\r\n\r\n"
               b"--b%d\r\n--c%d\r\n" % (i, i, i, i))
    yield b"\r\n"
    yield from fill(b"--b39\r\n\r\nx\r\n--c38\r\n\r\ny\r\n--b3\r\n")


@hostile("coded-twice-in-depth")
def _():
    """Multiparts that claim to be coded, in one another."""
    for i in range(30):
        yield (b"Content-Type: multipart/mixed; boundary=b%d\r\n"
               b"Content-Transfer-Encoding: base64\r\n\r\n--b%d\r\n" % (i, i))
    yield b"\r\n"
    yield from fill(b"QUFBQUFB" * 9 + b"\r\n")


@hostile("rfc2231-10000-continuations")
def _():
    yield mail(MIXED)
    name = b"".join(b";\r\n filename*%d*=%%41" % (9999 - i)
                    for i in range(10_000))
    for _ in range(80):
        yield b"--b\r\nContent-Disposition: attachment" + name + b"\r\n\r\nx\r\n"


@hostile("rfc2231-same-section")
def _():
    yield mail(MIXED)
    for _ in range(300):
        yield (b"--b\r\nContent-Type: a/b" + b";name*0=a;name*1*=x''%41" * 2700
               + b"\r\n\r\nx\r\n")


@hostile("comments-in-types")
def _():
    yield mail(MIXED)
    for _ in range(300):
        yield (b"--b\r\nContent-Type: " + b"(" * 60_000 + b"\r\n\r\nx\r\n")


@hostile("no-line-end")
def _():
    yield mail(MIXED)
    yield from fill(b"--b")


@hostile("only-cr")
def _():
    yield mail(MIXED)
    yield from fill(b"--b\r\r")


@hostile("only-line-ends")
def _():
    yield mail(MIXED)
    yield from fill(b"\n")


@hostile("random-tree")
def _():
    chance = dice("tree")
    pieces = [b"--b\r\n", b"--c\r\n", b"--b--\r\n", b"--c--\r\n", b"\r\n",
              b"Content-Type: multipart/x; boundary=c\r\n",
              b"Content-Type: multipart/x; boundary=b\r\n",
              b"Content-Type: text/html\r\n", b"<a href=http://a/>x\r\n",
              b"Content-Transfer-Encoding: base64\r\n", b"QUFBQQ==\r\n",
              b"Content-Type: message/rfc822\r\n", b"begin 644 a.exe\r\n",
              b"Content-Transfer-Encoding: quoted-printable\r\n", b"=3D=\r\n"]
    yield mail(MIXED)
    for _ in range(40):
        yield b"".join(chance.choices(pieces, k=20_000))


def named_parts(parameters):
    """Parts with a header of 60 KB each, until the mail is full."""
    yield mail(MIXED)
    for i in range(SIZE // 120_000):
        yield (b"--b\r\nContent-Type: a/b" + parameters(i) +
               b"\r\nContent-Disposition: attachment" + parameters(i + 1) +
               b"\r\n\r\nx\r\n")


@hostile("names-60-of-1000")
def _():
    yield from named_parts(lambda i: b"".join(
        b'; name="%d%s.txt"' % (i + j, b"x" * 980) for j in range(60)))


@hostile("names-60-equal")
def _():
    yield from named_parts(lambda i: b"; name=\"" + b"x" * 1000 + b"\"" +
                           (b"; name=\"" + b"x" * 1000 + b"\"") * 58)


@hostile("names-coded-words")
def _():
    yield from named_parts(lambda i: b'; name="' +
                           b"=?utf-7?b?K0FHLQ==?= " * 2800 + b'"')


@hostile("names-percent")
def _():
    yield from named_parts(lambda i: b"; name*=gb18030''" + b"%81" * 20_000)


@hostile("names-8bit")
def _():
    yield from named_parts(lambda i: b'; name="' + b"\xe4" * 60_000 + b'"')


@hostile("names-slashes")
def _():
    yield from named_parts(lambda i: b'; name="' + b"./" * 30_000 + b'"')


@hostile("names-dots")
def _():
    yield from named_parts(lambda i: b'; name="' + b". " * 30_000 + b'"')


@hostile("names-bidi")
def _():
    yield from named_parts(lambda i: b'; name="' +
                           "\u202e".encode() * 20_000 + b'"')


@hostile("names-quoted-pairs")
def _():
    yield from named_parts(lambda i: b'; name="' + b"\\\"" * 30_000 + b'"')


@hostile("names-comments")
def _():
    yield from named_parts(lambda i: b"; name=(a)" * 6_000)


def read_in_all_ways(unit):
    """Levels that claim to be coded in two ways, and a leaf that is of two
    types and coded in two ways: each byte is read as often as can be."""
    for i in range(30):
        yield (b"Content-Type: multipart/mixed; boundary=b%d\r\n"
               b"Content-Transfer-Encoding: quoted-printable\r\n"
               b"Content-Transfer-Encoding: x-uuencode\r\n"
               b"\r\n--b%d\r\n" % (i, i))
    yield (b"Content-Type: text/plain; charset=utf-7\r\n"
           b"Content-Type: text/html; charset=gb18030\r\n"
           b"Content-Transfer-Encoding: quoted-printable\r\n"
           b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n")
    yield from fill(unit)


@hostile("all-ways-equals")
def _():
    yield from read_in_all_ways(b"=")


@hostile("all-ways-odd-lines")
def _():
    yield from read_in_all_ways(b"M\r\n!\r\n=\r\n")


@hostile("all-ways-long-lines")
def _():
    yield from read_in_all_ways(b"M" + b"=4x" * 20 + b"\r\n")


@hostile("all-ways-delimiters")
def _():
    yield from read_in_all_ways(b"--b\r\n--c=\r\n")


def many_boundaries(unit):
    """31 multiparts in one another with four boundaries each, and lines that
    may be any of them."""
    mark = b"b" * 60
    for i in range(31):
        names = [b"%s%d%c" % (mark, i, c) for c in b"wxyz"]
        yield (b"Content-Type: multipart/mixed" +
               b"".join(b"; boundary=" + name for name in names[:2]) +
               b"\r\nContent-Type: multipart/mixed" +
               b"".join(b"; boundary=" + name for name in names[2:]) +
               b"\r\n\r\n--" + names[0] + b"\r\n")
    yield b"\r\n"
    yield from fill(unit.replace(b"B", mark))


@hostile("boundaries-shortest-lines")
def _():
    yield from many_boundaries(b"--\n")


@hostile("boundaries-almost")
def _():
    yield from many_boundaries(b"--B30\n")


@hostile("boundaries-doubtful")
def _():
    yield from many_boundaries(b"--B0w x\n")


@hostile("boundaries-in-headers")
def _():
    yield mail(MIXED)
    yield from fill(b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n" +
                    b"--d\r\n" * 100)


@hostile("boundaries-in-one-header")
def _():
    yield mail(MIXED)
    yield b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n"
    yield from fill(b"--d\r\n")


@hostile("header-lines-that-are-none")
def _():
    yield mail(MIXED)
    yield b"--b\r\nContent-Type: text/html\r\n"
    yield from fill(b"x\r\n")


@hostile("header-lines-colons")
def _():
    yield mail(MIXED)
    yield b"--b\r\n"
    yield from fill(b":\n")


@hostile("header-types-again")
def _():
    yield mail(MIXED)
    yield b"--b\r\n"
    yield from fill(b"Content-Type:a\n")


@hostile("messages-short")
def _():
    yield mail(["Content-Type: multipart/digest; boundary=b"])
    yield from fill(b"--b\n\n\n\n")


@hostile("digests-in-digests")
def _():
    yield mail(["Content-Type: multipart/digest; boundary=b"])
    yield from fill(b"--b\n\nContent-Type: multipart/digest; boundary=b\n\n")


@hostile("boundaries-short-and-many")
def _():
    letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    for i in range(31):
        names = [b"b%c%c" % (letters[i], c) for c in b"wxyz"]
        yield (b"Content-Type: multipart/mixed" +
               b"".join(b"; boundary=" + name for name in names[:2]) +
               b"\r\nContent-Type: multipart/mixed" +
               b"".join(b"; boundary=" + name for name in names[2:]) +
               b"\r\n\r\n--" + names[0] + b"\r\n")
    yield b"\r\n"
    yield from fill(b"--b==\n")
