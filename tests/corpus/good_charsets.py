"""Each charset in text and in the subject, in each encoding that can hold it.

Written by hand: what many programs of many countries send all day.
"""

from mailkit import b64, crlf, mail, qp, word_b, word_q, words_b
from texts import CHARSETS, LETTERS, SUPERSETS

SEVEN_BIT = ("ascii", "iso2022_jp", "iso2022_kr", "utf-7")
UTF_16 = ("utf-16", "utf-16-be", "utf-16-le")


def subject_of(text, charset, codec):
    if codec == "ascii":
        return text
    if codec in UTF_16:
        return words_b(text)
    if codec in SEVEN_BIT or len(text.encode(codec)) > len(text):
        return words_b(text, charset, codec)
    return word_q(text, charset, codec)


def ways(text, codec):
    """(transfer encoding, body) of each way that fits."""
    data = crlf(text.encode(codec)) if codec not in UTF_16 else \
        text.replace("\n", "\r\n").encode(codec)
    yield "base64", b64(data)
    if codec in UTF_16:
        return
    yield "quoted-printable", qp(data)
    yield ("7bit" if codec in SEVEN_BIT else "8bit"), data


def mails():
    for charset, codec, language in CHARSETS:
        subject, letter, _, name = LETTERS[language]
        headline = subject_of(subject, charset, codec)
        sender = name if name.isascii() else word_b(name)
        for encoding, body in ways(letter, codec):
            quotes = '"' if encoding == "base64" else ""
            yield ("charset-%s-%s-%s" % (charset.lower(), language, encoding),
                   mail(["Content-Type: text/plain; charset=%s%s%s" % (
                       quotes, charset, quotes),
                         "Content-Transfer-Encoding: " + encoding], body,
                        subject=headline,
                        sender="%s <carol@example.com>" % sender))
    for charset, codec, text in SUPERSETS:
        yield ("charset-more-than-" + charset, mail(
            ["Content-Type: text/plain; charset=" + charset,
             "Content-Transfer-Encoding: base64"],
            b64(crlf(text.encode(codec)))))
