"""Evasions by how text and names are coded: classes 5 to 8."""

import base64
import binascii
import re

from evasion import case
from mailkit import (CRLF, b64, mail, multi, part, percent, word_b, word_q,
                     zip_of)

TRANSFER = "05-transfer"
WORDS = "06-encoded-words"
NAMES = "07-file-names"
CHARSETS = "08-charsets"


def coded(encoding, body, charset="us-ascii"):
    return mail(["Content-Type: text/plain; charset=" + charset,
                 "Content-Transfer-Encoding: " + encoding], body)


def base64_text(p, twist):
    """A mail in base64 whose digits were changed by twist."""
    return coded("base64", twist(base64.b64encode(p.text.encode())))


# --- class 5 ---------------------------------------------------------------

@case(TRANSFER, "base64-junk", "phrase", "base64", "junk between the digits")
def _(p):
    return base64_text(p, lambda d: b"!".join(
        d[i:i + 3] for i in range(0, len(d), 3)) + CRLF)


@case(TRANSFER, "base64-8bit-junk", "phrase", "base64",
      "bytes over 0x7f between the digits")
def _(p):
    return base64_text(p, lambda d: b"\xe4\x00".join(
        d[i:i + 5] for i in range(0, len(d), 5)) + CRLF)


@case(TRANSFER, "base64-padding-amid", "phrase", "base64",
      "padding in the middle, and more behind it")
def _(p):
    text = p.text.encode()
    pieces = [text[i:i + 4] for i in range(0, len(text), 4)]
    return coded("base64", b"".join(map(base64.b64encode, pieces)) + CRLF)


@case(TRANSFER, "base64-concatenated", "phrase", "base64",
      "each line is base64 of its own, with its padding")
def _(p):
    text = p.text.encode()
    pieces = [text[i:i + 7] for i in range(0, len(text), 7)]
    return coded("base64", b"".join(base64.b64encode(piece) + CRLF
                                    for piece in pieces))


@case(TRANSFER, "base64-no-padding", "phrase",
      hides="the padding at the end lacks")
def _(p):
    return coded("base64", base64.b64encode(
        b"a" + p.text.rstrip().encode()).rstrip(b"=") + CRLF)


@case(TRANSFER, "base64-digit-a-line", "phrase",
      hides="each digit on a line of its own")
def _(p):
    return base64_text(p, lambda d: b"".join(
        d[i:i + 1] + CRLF for i in range(len(d))))


@case(TRANSFER, "base64-blank-lines", "phrase",
      hides="blank lines and tabs between the lines")
def _(p):
    return base64_text(p, lambda d: b"\r\n\r\n \t".join(
        d[i:i + 8] for i in range(0, len(d), 8)) + CRLF)


@case(TRANSFER, "base64-name-odd", "phrase",
      hides="the encoding's name in capitals, with a comment")
def _(p):
    return coded(" (not) BaSe64 (so)", b64(p.text.encode()))


@case(TRANSFER, "base64-name-and-more", "phrase", "transfer-encoding",
      "the encoding's name in quotes, with another behind it")
def _(p):
    return coded('"base64", 8bit', b64(p.text.encode()))


@case(TRANSFER, "qp-everything", "phrase", hides="each letter in hex")
def _(p):
    return coded("quoted-printable", "".join(
        "=%02X" % ord(c) + ("=\r\n" if i % 20 == 19 else "")
        for i, c in enumerate(p.text.rstrip())) + "\r\n")


@case(TRANSFER, "qp-small-hex", "phrase", hides="hex digits in small letters")
def _(p):
    return coded("quoted-printable", p.text.replace("l", "=6c"))


@case(TRANSFER, "qp-soft-breaks", "phrase",
      hides="a soft break behind each letter")
def _(p):
    return coded("quoted-printable", "=\r\n".join(p.text))


@case(TRANSFER, "qp-blanks-behind", "phrase",
      hides="soft breaks with blanks behind them")
def _(p):
    return coded("quoted-printable", "= \t\r\n".join(
        p.text[i:i + 3] for i in range(0, len(p.text), 3)))


@case(TRANSFER, "qp-bad-hex", "phrase", "quoted-printable",
      "an equals sign that means itself, so that strict readers stop")
def _(p):
    return coded("quoted-printable", "1 + 1 =2; =xy =\r\n" +
                 p.text.replace("p", "=70"))


@case(TRANSFER, "uuencode-in-text", "program",
      hides="a uuencoded file between lines of text")
def _(p):
    return mail(["Content-Type: text/plain"], b"See the file:" + CRLF +
                uu(p) + b"Bye." + CRLF)


@case(TRANSFER, "uuencode-as-encoding", "phrase",
      hides="a part in x-uuencode")
def _(p):
    return coded("x-uuencode", uu(p, p.text.encode(), "letter.txt"))


@case(TRANSFER, "uuencode-odd-lines", "program", "uuencode",
      "uuencode with lines that are too short, and no end")
def _(p):
    body = uu(p).replace(b"end\r\n", b"").replace(b"#", b"#  ")
    return mail(["Content-Type: text/plain"], body + b"M!!\r\n")


@case(TRANSFER, "unknown-encoding", "phrase", "transfer-encoding",
      "an encoding that nobody knows is none")
def _(p):
    return coded("x-garden", p.text)


def uu(p, data=None, name=None):
    """uuencoded lines, begin to end."""
    data = data or p.program
    out = b"begin 644 " + (name or p.file).encode() + CRLF
    for i in range(0, len(data), 45):
        out += binascii.b2a_uu(data[i:i + 45]).rstrip(b"\n") + CRLF
    return out + b"`" + CRLF + b"end" + CRLF


# --- class 6 ---------------------------------------------------------------

def titled(subject, **more):
    return mail(["Content-Type: text/plain"], "Hello.\r\n", subject=subject,
                **more)


@case(WORDS, "in-quotes", "sender",
      hides="a word inside quotes, where none may be")
def _(p):
    return titled("Hello", sender='"%s" <carol@example.com>' %
                  word_b(p.phrase))


@case(WORDS, "split-character", "subject",
      hides="a character split over two words")
def _(p):
    data = p.phrase.encode("utf-16-be")
    return titled(word_b(data[:9], "utf-16be") + "\r\n " +
                  word_b(data[9:], "utf-16be"))


@case(WORDS, "one-letter-each", "subject",
      hides="each letter a word: blanks between words are no text")
def _(p):
    return titled("\r\n ".join(word_q(c) if i % 2 else word_b(c)
                               for i, c in enumerate(p.phrase)))


@case(WORDS, "small-letters", "subject",
      hides="q and b in small letters, hex as well")
def _(p):
    return titled(word_q(p.phrase).lower().replace("=?utf-8?q?e",
                                                   "=?utf-8?q?=65"))


@case(WORDS, "glued", "subject", hides="words glued to text, without blanks")
def _(p):
    half = p.phrase[:11], p.phrase[11:]
    return titled("Re:" + word_b(half[0]) + word_q(half[1]) + "now")


@case(WORDS, "unknown-charset", "subject", "charset",
      "a charset that nobody knows")
def _(p):
    return titled(word_b(p.phrase.encode(), "x-garden"))


@case(WORDS, "raw-8bit", "subject", "raw-8bit",
      "bytes over 0x7f beside a word")
def _(p):
    headers = titled("@@" + word_b(p.phrase))
    return headers.replace(b"@@", b"\xe4\xf6 ")


@case(WORDS, "language", "subject", hides="a word with a language")
def _(p):
    return titled(word_q(p.phrase, "utf-8*en", "utf-8"))


@case(WORDS, "no-padding", "subject", hides="base64 without its padding")
def _(p):
    return titled(re.sub(r"=+\?=$", "?=", word_b("a " + p.phrase)))


@case(WORDS, "blanks-inside", "subject", hides="blanks inside of a word")
def _(p):
    return titled(word_q(p.phrase).replace("_", " "))


@case(WORDS, "utf-7", "subject", hides="UTF-7 inside of a word")
def _(p):
    return titled("=?utf-7?Q?" + utf7(p.phrase).replace(" ", "_") + "?=")


@case(WORDS, "file-name", "program", hides="a file name as a word in quotes")
def _(p):
    return attached(p, 'filename="%s"' % word_b(p.file))


@case(WORDS, "file-name-two-words", "program",
      hides="a file name as two words, folded between them")
def _(p):
    return attached(p, 'filename="%s\r\n %s"' % (
        word_q(p.file[:6]), word_b(p.file[6:])))


# --- class 7 ---------------------------------------------------------------

def attached(p, parameters, type_parameters=""):
    body = part(["Content-Type: application/octet-stream" + type_parameters,
                 "Content-Disposition: attachment; " + parameters,
                 "Content-Transfer-Encoding: base64"], b64(p.program))
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [part(["Content-Type: text/plain"], "See file."),
                            body]))


@case(NAMES, "continued", "program", hides="a name in three pieces")
def _(p):
    return attached(p, 'filename*0="%s"; filename*1=%s;\r\n filename*2="%s"' %
                    (p.file[:4], p.file[4:10], p.file[10:]))


@case(NAMES, "continued-percent", "program",
      hides="pieces with and without percent coding")
def _(p):
    return attached(p, "filename*0*=utf-8'en'%s; filename*1=%s;"
                    " filename*2*=%s" % (percent(p.file[:4]), p.file[4:10],
                                         "%65x%65"))


@case(NAMES, "out-of-order", "program", hides="the pieces in another order")
def _(p):
    return attached(p, 'filename*2="%s"; filename*0="%s"; filename*1="%s"' %
                    (p.file[10:], p.file[:4], p.file[4:10]))


@case(NAMES, "percent", "program", hides="each letter percent-coded")
def _(p):
    return attached(p, "filename*=utf-8''" +
                    "".join("%%%02x" % c for c in p.file.encode()))


@case(NAMES, "plain-and-coded", "program",
      hides="filename says one thing, filename* another")
def _(p):
    return attached(p, "filename=holiday.jpg; filename*=utf-8''" +
                    percent(p.file))


@case(NAMES, "name-and-filename", "program",
      hides="the type's name says another thing than the disposition")
def _(p):
    return attached(p, "filename=holiday.jpg", "; name=" + p.file)


@case(NAMES, "nul", "program", "file-name",
      "a NUL that cuts the name off for some")
def _(p):
    return attached(p, "filename*=utf-8''%s%%00.jpg" % p.file)


@case(NAMES, "right-to-left", "program", "file-name",
      "U+202E, by which the name looks like .jpg")
def _(p):
    return attached(p, "filename*=utf-8''" +
                    percent(p.thing + "\u202egpj.exe"))


@case(NAMES, "trailing-dots", "program",
      hides="dots and blanks at the end, which Windows drops")
def _(p):
    return attached(p, 'filename="%s. . "' % p.file)


@case(NAMES, "double-extension", "program",
      hides="a harmless ending before the true one")
def _(p):
    return attached(p, 'filename="%s.jpg%s.exe"' % (p.thing, " " * 60))


@case(NAMES, "no-disposition", "program", "parameter",
      "a name where the disposition should be")
def _(p):
    body = part(["Content-Type: application/octet-stream",
                 "Content-Disposition: filename=" + p.file,
                 "Content-Transfer-Encoding: base64"], b64(p.program))
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [part(["Content-Type: text/plain"], "See file."),
                            body]))


@case(NAMES, "description", "program",
      hides="a name in Content-Description alone")
def _(p):
    body = part(["Content-Type: application/octet-stream",
                 "Content-Description: " + word_b(p.file),
                 "Content-Transfer-Encoding: base64"], b64(p.program))
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [part(["Content-Type: text/plain"], "See file."),
                            body]))


@case(NAMES, "last-of-many", "program", ["ambiguous", "file-name"],
      "forty names, the last of which counts")
def _(p):
    return attached(p, "".join("filename=%d.txt; " % i for i in range(40)) +
                    "filename=" + p.file)


@case(NAMES, "amid-junk", "program", "parameter",
      "a name between parameters that nobody knows")
def _(p):
    junk = "".join("x%d=y; " % i for i in range(200))
    return attached(p, junk + "filename=" + p.file + "; " + junk)


@case(NAMES, "raw-nul", "program", "parameter",
      "a NUL byte that cuts the name off for some")
def _(p):
    return attached(p, 'filename="%s\0.txt"' % p.file)


@case(NAMES, "word-in-percent", "program",
      hides="an encoded word that is percent-coded")
def _(p):
    return attached(p, "filename*=utf-8''" + percent(word_b(p.file)))


@case(NAMES, "path", "program", hides="a path before the name")
def _(p):
    return attached(p, 'filename="C:\\\\temp\\\\%s"' % p.file)


@case(NAMES, "unquoted-blanks", "program", "parameter",
      "a name with blanks without quotes")
def _(p):
    return attached(p, "filename=My %s" % p.file)


@case(NAMES, "over-long", "program", "file-name",
      "a name longer than any cap, its ending behind the cap")
def _(p):
    return attached(p, 'filename="%s%s"' % ("n" * 3000, p.file))


@case(NAMES, "charset", "program", hides="a name in UTF-16")
def _(p):
    return attached(p, "filename*=utf-16be''" + "".join(
        "%%%02x" % c for c in p.file.encode("utf-16-be")))


@case(NAMES, "in-archive", "archived", hides="a program in an archive")
def _(p):
    data = zip_of([("readme.txt", b"hello"), ("bin/" + p.file, p.program)])
    body = part(["Content-Type: image/png; name=photo.png",
                 "Content-Disposition: attachment; filename=photo.png",
                 "Content-Transfer-Encoding: base64"], b64(data))
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [part(["Content-Type: text/plain"], "Photo."),
                            body]))


# --- class 8 ---------------------------------------------------------------

def utf7(text):
    """Every second letter as UTF-7 may write it."""
    out = ""
    for i, c in enumerate(text):
        digits = base64.b64encode(c.encode("utf-16-be")).decode().rstrip("=")
        out += "+" + digits + "-" if i % 2 and c != " " else c
    return out


@case(CHARSETS, "utf-7", "phrase", hides="letters as UTF-7 writes others")
def _(p):
    return coded("7bit", utf7(p.text.rstrip()) + "\r\n", "utf-7")


@case(CHARSETS, "utf-7-by-another-name", "phrase", hides="csUnicode11UTF7")
def _(p):
    return coded("7bit", utf7(p.text.rstrip()) + "\r\n", "csUnicode11UTF7")


@case(CHARSETS, "utf-16-bom-wrong-label", "phrase", "charset",
      "UTF-16 with its mark, which the label denies")
def _(p):
    return coded("base64", b64(p.text.encode("utf-16")), "us-ascii")


@case(CHARSETS, "utf-16-bom", "phrase", hides="UTF-16 with its mark")
def _(p):
    return coded("base64", b64(p.text.encode("utf-16")), "utf-16")


@case(CHARSETS, "utf-16-le-no-mark", "phrase",
      hides="UTF-16, small end first, without a mark")
def _(p):
    return coded("base64", b64(p.text.encode("utf-16-le")), "utf-16le")


@case(CHARSETS, "utf-16-be-no-mark", "phrase",
      hides="UTF-16, big end first, without a mark")
def _(p):
    return coded("base64", b64(p.text.encode("utf-16-be")), "utf-16")


@case(CHARSETS, "utf-32", "phrase", hides="UTF-32 with its mark")
def _(p):
    return coded("base64", b64(p.text.encode("utf-32")), "utf-32")


@case(CHARSETS, "iso-2022-jp", "phrase",
      hides="escape sequences inside of the words")
def _(p):
    return coded("7bit", p.text.replace("r", "\x1b(Jr\x1b(B"), "iso-2022-jp")


@case(CHARSETS, "iso-2022-kr", "phrase",
      hides="shifts to and fro inside of the words")
def _(p):
    return coded("7bit", "\x1b$)C" + p.text.replace("r", "\x0e\x0fr"),
                 "iso-2022-kr")


@case(CHARSETS, "hz", "phrase", hides="HZ with shifts inside of the words")
def _(p):
    return coded("7bit", p.text.replace("r", "~{~}r"), "hz-gb-2312")


@case(CHARSETS, "unknown", "phrase", "charset",
      "a charset that nobody knows; the bytes are ASCII")
def _(p):
    return coded("base64", b64(p.text.encode()), "x-garden")


@case(CHARSETS, "ebcdic", None, "charset", "EBCDIC")
def _(p):
    return coded("base64", b64(p.text.encode("cp037")), "ibm037")


@case(CHARSETS, "wrong-label", "phrase", "charset",
      "UTF-8 with bytes that are none")
def _(p):
    return coded("8bit", b"\xff\xfe\xc0 " + p.text.encode(), "utf-8")


@case(CHARSETS, "gb18030-full-width", "folded",
      hides="full-width letters of a Chinese charset")
def _(p):
    return coded("base64", b64(wide(p.text).encode("gb18030")), "gb2312")


@case(CHARSETS, "shift-jis-full-width", "folded",
      hides="full-width letters of a Japanese charset")
def _(p):
    return coded("base64", b64(wide(p.text).encode("shift_jis")), "shift_jis")


@case(CHARSETS, "koi8-look-alikes", "folded",
      hides="Cyrillic letters that look like Latin ones")
def _(p):
    text = p.text.replace("a", "\u0430").replace("e", "\u0435")
    return coded("8bit", text.encode("koi8-r"), "koi8-r")


def wide(text):
    """Full-width forms."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c
                   for c in text)
