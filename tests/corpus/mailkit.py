"""Pieces from which mails are put together by hand: bytes in, bytes out.

Lines end with CRLF, as an MTA passes them; what is to be broken is broken by
whoever uses this.
"""

import base64
import random

DATE = "Thu, 01 Jan 2026 08:00:00 +0000"
CRLF = b"\r\n"


def dice(seed):
    """Chance that falls the same in every run and for every version."""
    return random.Random("sluice " + seed)


def noise(seed, n):
    """n bytes that no compressor makes small."""
    return dice(seed).getrandbits(8 * n).to_bytes(n, "little") if n else b""


def crlf(text):
    """str or bytes with any line ends -> bytes with CRLF."""
    if isinstance(text, str):
        text = text.encode("utf-8")
    return text.replace(b"\r\n", b"\n").replace(b"\n", CRLF)


def b64(data, width=76):
    """base64 in lines."""
    digits = base64.b64encode(data)
    lines = [digits[i:i + width] for i in range(0, len(digits), width)]
    return CRLF.join(lines) + CRLF


def qp(data, width=76):
    """quoted-printable: data is text with CRLF."""
    out = bytearray()
    for line in data.split(CRLF):
        column = 0
        for i, byte in enumerate(line):
            is_last = i == len(line) - 1
            if byte == 0x3D or byte > 0x7E or byte < 0x20 and byte != 9 or \
                    is_last and byte in b" \t":
                piece = b"=%02X" % byte
            else:
                piece = bytes([byte])
            if column + len(piece) > width - 1:
                out += b"=\r\n"
                column = 0
            out += piece
            column += len(piece)
        out += CRLF
    return bytes(out[:-2])


def word_b(text, charset="utf-8", codec=None):
    """One RFC 2047 word, encoding B."""
    data = text.encode(codec or charset) if isinstance(text, str) else text
    return "=?%s?B?%s?=" % (charset, base64.b64encode(data).decode())


def word_q(text, charset="utf-8", codec=None):
    """One RFC 2047 word, encoding Q."""
    data = text.encode(codec or charset) if isinstance(text, str) else text
    safe = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    body = "".join(chr(c) if c in safe else "_" if c == 32 else "=%02X" % c
                   for c in data)
    return "=?%s?Q?%s?=" % (charset, body)


def words_b(text, charset="utf-8", codec=None, per_word=12):
    """A long text as several folded words, cut between characters."""
    pieces = [text[i:i + per_word] for i in range(0, len(text), per_word)]
    return "\r\n ".join(word_b(p, charset, codec) for p in pieces)


def percent(text, charset="utf-8"):
    """RFC 2231 percent coding, without charset and language."""
    return "".join(chr(c) if chr(c).isalnum() and c < 128 or c in b"-_." else
                   "%%%02X" % c for c in text.encode(charset))


def as_bytes(text):
    return text.encode("utf-8") if isinstance(text, str) else text


def part(headers, body=b""):
    """A part, or a whole mail: lines of header, blank line, body."""
    lines = [as_bytes(h) for h in headers]
    return b"".join(line + CRLF for line in lines) + CRLF + as_bytes(body)


def multi(boundary, parts, preamble=b"", epilogue=b""):
    """The body of a multipart."""
    mark = as_bytes(boundary)
    out = as_bytes(preamble)
    for one in parts:
        out += b"--" + mark + CRLF + as_bytes(one)
        if not one.endswith(CRLF):
            out += CRLF
    return out + b"--" + mark + b"--" + CRLF + as_bytes(epilogue)


def envelope(subject="A word from Carol", sender="Carol <carol@example.com>",
             ident="1"):
    """The header fields that every mail has."""
    return ["From: " + sender, "To: Anna <anna@example.net>",
            "Subject: " + subject, "Date: " + DATE,
            "Message-ID: <%s@mail.example.com>" % ident]


def mail(headers, body=b"", **fields):
    """A mail: the usual fields, those of the caller, the body."""
    return part(envelope(**fields) + ["MIME-Version: 1.0"] + headers, body)


def zip_of(entries):
    """A zip archive, stored or deflated, made by the library."""
    import io
    import zipfile
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name, (2026, 1, 1, 8, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()
