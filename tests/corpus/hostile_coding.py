"""What costs by its encoding: transfer encodings and charsets."""

import base64

from hostile import SIZE, fill, hostile
from mailkit import CRLF, b64, mail, noise


def text(charset, encoding="8bit", type_="text/plain"):
    return mail(["Content-Type: %s; charset=%s" % (type_, charset),
                 "Content-Transfer-Encoding: " + encoding])


def simple(name, header, unit):
    @hostile(name)
    def _():
        yield header
        yield from fill(unit)


LINE = b"The quick brown fox jumps over the lazy dog, and then some more.\r\n"

simple("plain-text", text("us-ascii"), LINE)
simple("plain-one-line", text("us-ascii"), b"a")
simple("plain-nul", text("us-ascii"), b"\0")
simple("plain-8bit-unlabelled", text("us-ascii"), b"\xe4")
simple("base64-honest", text("utf-8", "base64"), b64(LINE * 114))
simple("base64-one-line", text("utf-8", "base64"), b"QUJD")
simple("base64-junk", text("utf-8", "base64"), b"!@#%&*()")
simple("base64-half-junk", text("utf-8", "base64"), b"Q!U.B_D-")
simple("base64-padding", text("utf-8", "base64"), b"QQ==")
simple("base64-equals", text("utf-8", "base64"), b"=")
simple("base64-line-ends", text("utf-8", "base64"), b"Q\r\n")
simple("qp-equals", text("utf-8", "quoted-printable"), b"=")
simple("qp-hex", text("utf-8", "quoted-printable"), b"=41")
simple("qp-bad-hex", text("utf-8", "quoted-printable"), b"=4=x")
simple("qp-soft-breaks", text("utf-8", "quoted-printable"), b"=\r\n")
simple("qp-blanks", text("utf-8", "quoted-printable"), b"= ")
simple("qp-only-blanks", text("utf-8", "quoted-printable"), b" ")
simple("uuencode-begins", text("us-ascii"), b"begin 644 a.exe\r\n")
simple("uuencode-empty-files", text("us-ascii"),
       b"begin 644 a.exe\r\n`\r\nend\r\n")
simple("uuencode-honest", text("us-ascii") + b"begin 644 a.txt\r\n",
       b"M" + b"0" * 60 + CRLF)
simple("uuencode-odd-lines", text("us-ascii") + b"begin 644 a.txt\r\n",
       b"M\r\n!\r\n\r\n")
simple("uuencode-long-line", text("us-ascii", "x-uuencode") +
       b"begin 644 a\r\n", b"M0")
simple("utf-7", text("utf-7"), b"+AGU-n")
simple("utf-7-long", text("utf-7"), b"+" + b"ImIiYw" * 900 + b"-")
simple("utf-7-broken", text("utf-7"), b"+\xe4+")
simple("utf-8-broken", text("utf-8"), b"\xe4\xf0\x80\xc3")
simple("utf-16", text("utf-16"), b"\xfe\xffd\0")
simple("utf-16-surrogates", text("utf-16le"), b"\x3d\xd8\x00\xdc")
simple("utf-16-broken", text("utf-16be"), b"\xdc\x00")
simple("utf-16-cjk", text("utf-16le", "8bit", "text/html"), b"\x2d\x4e")
simple("iso-2022-jp-escapes", text("iso-2022-jp"), b"\x1b$B\x1b(B")
simple("iso-2022-jp-broken", text("iso-2022-jp"), b"\x1b$B\xe4!")
simple("iso-2022-kr-shifts", text("iso-2022-kr") + b"\x1b$)C", b"\x0e\x0f")
simple("gb18030-broken", text("gb18030"), b"\xff\x81")
simple("gb18030-four-bytes", text("gb18030"), b"\x81\x30\x81\x30")
simple("big5", text("big5"), "會議".encode("big5"))
simple("shift-jis-half-width", text("shift_jis"), b"\xb1")
simple("euc-jp-broken", text("euc-jp"), b"\x8f\xff")
simple("koi8-r", text("koi8-r"), "груша ".encode("koi8-r"))
simple("windows-1252-html", text("windows-1252", "8bit", "text/html"),
       b"\x80<b>\xe4")
simple("hz-shifts", text("hz-gb-2312"), b"~{~}")
simple("utf-32", text("utf-32"), "ä".encode("utf-32-le"))


@hostile("base64-parts-of-charsets")
def _():
    """A thousand parts, each of another charset than the one before."""
    charsets = ("utf-7", "iso-2022-jp", "gb18030", "utf-16", "koi8-r",
                "iso-2022-kr", "big5", "windows-1255")
    yield mail(["Content-Type: multipart/mixed; boundary=b"])
    for i in range(1000):
        yield (b"--b\r\nContent-Type: text/html; charset=%s\r\n"
               b"Content-Transfer-Encoding: base64\r\n\r\n" %
               charsets[i % len(charsets)].encode())
        yield b64(noise("charset %d" % (i % 16), 14_000))


@hostile("qp-html-utf-7")
def _():
    yield text("utf-7", "quoted-printable", "text/html")
    yield from fill(b"=2BADw-a href=3D+AD0-=\r\n")


@hostile("base64-of-base64")
def _():
    data = b"A" * 7_000_000
    for _ in range(2):
        data = (b"Content-Type: message/rfc822\r\n"
                b"Content-Transfer-Encoding: base64\r\n\r\n" +
                base64.encodebytes(data).replace(b"\n", CRLF))
    yield data[:SIZE]
