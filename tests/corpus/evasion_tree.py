"""Evasions by what parts there are: classes 1 to 4."""

from evasion import case
from mailkit import CRLF, b64, mail, multi, part, qp

DUPLICATES = "01-duplicates"
BOUNDARY = "02-boundary"
LINES = "03-line-ends"
NESTING = "04-nesting"


def words(p):
    """The phrase where nobody reads it without decoding."""
    return part(["Content-Type: text/plain; charset=us-ascii",
                 "Content-Transfer-Encoding: base64"], b64(p.text.encode()))


def program(p):
    return part(["Content-Type: application/octet-stream",
                 'Content-Disposition: attachment; filename="%s"' % p.file,
                 "Content-Transfer-Encoding: base64"], b64(p.program))


def plain(text="Good morning.\r\n"):
    return part(["Content-Type: text/plain"], text)


# --- class 1 ---------------------------------------------------------------

@case(DUPLICATES, "type-text-first", "phrase", "ambiguous",
      "the second of two Content-Types says multipart")
def _(p):
    return mail(["Content-Type: text/plain",
                 'Content-Type: multipart/mixed; boundary="b"'],
                multi("b", [words(p)]))


@case(DUPLICATES, "type-multipart-first", "phrase", "ambiguous",
      "the first of two Content-Types says multipart")
def _(p):
    return mail(['Content-Type: multipart/mixed; boundary="b"',
                 "Content-Type: text/plain"], multi("b", [words(p)]))


@case(DUPLICATES, "encoding-7bit-first", "phrase", "ambiguous",
      "the second of two transfer encodings is the true one")
def _(p):
    return mail(["Content-Type: text/plain",
                 "Content-Transfer-Encoding: 7bit",
                 "Content-Transfer-Encoding: base64"], b64(p.text.encode()))


@case(DUPLICATES, "encoding-base64-first", "phrase", "ambiguous",
      "the first of two transfer encodings is the true one")
def _(p):
    return mail(["Content-Type: text/plain",
                 "Content-Transfer-Encoding: base64",
                 "Content-Transfer-Encoding: 7bit"], b64(p.text.encode()))


@case(DUPLICATES, "boundary-second", "phrase", "ambiguous",
      "of two boundary parameters the second one is used")
def _(p):
    return mail(["Content-Type: multipart/mixed; boundary=a; boundary=b"],
                multi("b", [words(p)]))


@case(DUPLICATES, "boundary-first", "phrase", "ambiguous",
      "of two boundary parameters the first one is used")
def _(p):
    return mail(["Content-Type: multipart/mixed; boundary=b; boundary=a"],
                multi("b", [words(p)]))


@case(DUPLICATES, "disposition-twice", "program", "ambiguous",
      "two Content-Dispositions, two names")
def _(p):
    body = part(["Content-Type: application/octet-stream",
                 "Content-Disposition: inline; filename=holiday.txt",
                 "Content-Disposition: attachment; filename=" + p.file,
                 "Content-Transfer-Encoding: base64"], b64(p.program))
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain(), body]))


@case(DUPLICATES, "file-name-twice", "program", "ambiguous",
      "two parameters filename that differ")
def _(p):
    body = part(["Content-Type: application/octet-stream",
                 "Content-Disposition: attachment; filename=holiday.txt;"
                 " filename=" + p.file,
                 "Content-Transfer-Encoding: base64"], b64(p.program))
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain(), body]))


@case(DUPLICATES, "part-encoding-twice", "phrase", "ambiguous",
      "a part with two transfer encodings")
def _(p):
    body = part(["Content-Type: text/plain",
                 "Content-Transfer-Encoding: quoted-printable",
                 "Content-Transfer-Encoding: base64"], b64(p.text.encode()))
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain(), body]))


@case(DUPLICATES, "part-type-twice", "phrase", "ambiguous",
      "a part that is text and HTML: tags inside of the words")
def _(p):
    body = part(["Content-Type: text/plain", "Content-Type: text/html"],
                p.text.replace("r", "<b></b>r"))
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain(), body]))


# --- class 2 ---------------------------------------------------------------

@case(BOUNDARY, "quoted-blanks", "phrase", hides="a boundary with blanks")
def _(p):
    return mail(['Content-Type: multipart/mixed; boundary="a b: (c)"'],
                multi("a b: (c)", [words(p)]))


@case(BOUNDARY, "quoted-pairs", "phrase",
      hides="a boundary with backslashes that vanish")
def _(p):
    return mail(['Content-Type: multipart/mixed; boundary="a\\b\\"c"'],
                multi('ab"c', [words(p)]))


@case(BOUNDARY, "rfc2231-continued", "phrase",
      hides="the boundary in two pieces")
def _(p):
    return mail(['Content-Type: multipart/mixed; boundary*0="ab";'
                 ' boundary*1="cd"'], multi("abcd", [words(p)]))


@case(BOUNDARY, "rfc2231-percent", "phrase",
      hides="the boundary percent-coded")
def _(p):
    return mail(["Content-Type: multipart/mixed; boundary*=us-ascii''a%62c"],
                multi("abc", [words(p)]))


@case(BOUNDARY, "comments", "phrase",
      hides="comments wherever they may be")
def _(p):
    return mail(["Content-Type: (a) multipart (b) / (c) mixed (d \\) boundary=x)"
                 " ; (e) boundary (f) = (g) abc (h)"],
                multi("abc", [words(p)]))


@case(BOUNDARY, "trailing-blanks", "phrase",
      hides="blanks behind delimiters")
def _(p):
    body = multi("b", [words(p)]).replace(b"--b\r\n", b"--b \t  \r\n")
    return mail(["Content-Type: multipart/mixed; boundary=b"], body)


@case(BOUNDARY, "prefix-of-inner", "phrase",
      hides="the outer boundary begins the inner one")
def _(p):
    inner = part(['Content-Type: multipart/alternative; boundary="bb"'],
                 multi("bb", [plain(), words(p)]))
    return mail(['Content-Type: multipart/mixed; boundary="b"'],
                multi("b", [plain(), inner]))


@case(BOUNDARY, "inner-is-prefix", "phrase",
      hides="the inner boundary begins the outer one")
def _(p):
    inner = part(['Content-Type: multipart/alternative; boundary="b"'],
                 multi("b", [plain()]))
    return mail(['Content-Type: multipart/mixed; boundary="bb"'],
                multi("bb", [inner, words(p)]))


@case(BOUNDARY, "never-closed", "phrase", "unclosed",
      "no closing delimiter")
def _(p):
    body = b"--b" + CRLF + words(p)
    return mail(["Content-Type: multipart/mixed; boundary=b"], body)


@case(BOUNDARY, "preamble", "phrase", hides="text before the first delimiter")
def _(p):
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain()], preamble=p.text))


@case(BOUNDARY, "epilogue", "phrase", hides="text behind the last delimiter")
def _(p):
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain()], epilogue=p.text))


@case(BOUNDARY, "parts-behind-the-end", "phrase",
      hides="a part behind the closing delimiter, which some programs read")
def _(p):
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain()], epilogue=multi("b", [words(p)])))


@case(BOUNDARY, "ends-in-dashes", "phrase",
      hides="a boundary that looks like a closing delimiter")
def _(p):
    return mail(['Content-Type: multipart/mixed; boundary="b--"'],
                multi("b--", [plain(), words(p)]))


@case(BOUNDARY, "unquoted-specials", "phrase", "parameter",
      "a boundary with characters that need quotes, without them")
def _(p):
    return mail(["Content-Type: multipart/mixed; boundary=a=b?c"],
                multi("a=b?c", [words(p)]))


@case(BOUNDARY, "no-end-quote", "phrase", "parameter",
      "a boundary whose quotes never end")
def _(p):
    return mail(['Content-Type: multipart/mixed; boundary="abc'],
                multi("abc", [words(p)]))


@case(BOUNDARY, "missing", "phrase", "boundary",
      "no boundary at all, so that nothing is a part")
def _(p):
    return mail(["Content-Type: multipart/mixed"], p.text)


@case(BOUNDARY, "only-in-comment", "phrase",
      hides="a boundary in a comment is none")
def _(p):
    return mail(["Content-Type: multipart/mixed; (boundary=x) boundary=b"],
                multi("b", [words(p)]))


@case(BOUNDARY, "no-semicolon", "phrase", "parameter",
      "no semicolon before the boundary")
def _(p):
    return mail(["Content-Type: multipart/mixed boundary=b"],
                multi("b", [words(p)]))


# --- class 3 ---------------------------------------------------------------

@case(LINES, "no-blank-line", "phrase", "part-header",
      "a part's body begins with a delimiter, without a blank line")
def _(p):
    inner = (b"Content-Type: multipart/mixed; boundary=c" + CRLF +
             multi("c", [words(p)]))
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain(), inner]))


@case(LINES, "bare-lf-in-part", "phrase", "bare-newline",
      "a part whose lines end with LF alone")
def _(p):
    inner = words(p).replace(CRLF, b"\n")
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain(), inner]))


@case(LINES, "bare-cr-in-part", "phrase", "bare-newline",
      "a part whose lines end with CR alone")
def _(p):
    inner = words(p).replace(CRLF, b"\r")
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain(), inner]))


@case(LINES, "bare-cr-delimiters", "phrase", "bare-newline",
      "delimiters between CRs")
def _(p):
    body = multi("b", [plain(), words(p)])
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                body.replace(b"\r\n--b\r\n", b"\r--b\r"))


@case(LINES, "bare-lf-delimiters", "phrase", "bare-newline",
      "delimiters between LFs")
def _(p):
    body = multi("b", [plain(), words(p)])
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                body.replace(b"\r\n--b\r\n", b"\n--b\n"))


@case(LINES, "cr-cr-lf", "phrase", "bare-newline",
      "one CR too many at each line's end")
def _(p):
    body = multi("b", [plain(), words(p)])
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                body.replace(CRLF, b"\r\r\n"))


@case(LINES, "mixed-ends", "program", "bare-newline",
      "CR, LF and CRLF by turns in the header of a part")
def _(p):
    body = (b"Content-Type: application/octet-stream\r"
            b"Content-Disposition: attachment;\n"
            b" filename=" + p.file.encode() + b"\r\n"
            b"Content-Transfer-Encoding: base64\r\r" + b64(p.program))
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain(), body]))


@case(LINES, "header-in-body", "phrase", "part-header",
      "a line that is no field between the fields of a part")
def _(p):
    body = (b"Content-Type: text/plain" + CRLF + b"this is no field" + CRLF +
            b"Content-Transfer-Encoding: base64" + CRLF + CRLF +
            b64(p.text.encode()))
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain(), body]))


# --- class 4 ---------------------------------------------------------------

def whole(inner, headers=()):
    return part(["Content-Type: message/rfc822"] + list(headers), inner)


@case(NESTING, "forwarded-thrice", "phrase",
      hides="a message in a message in a message")
def _(p):
    message = mail(["Content-Type: text/plain; charset=us-ascii",
                    "Content-Transfer-Encoding: base64"],
                   b64(p.text.encode()))
    for boundary in ("d", "c", "b"):
        message = mail(["Content-Type: multipart/mixed; boundary=" + boundary],
                       multi(boundary, [plain(), whole(message)]))
    return message


@case(NESTING, "base64-message", "phrase", "transfer-encoding",
      "a message in base64, which RFC 2046 forbids")
def _(p):
    inner = mail(["Content-Type: text/plain"], p.text)
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain(), whole(b64(inner), [
                    "Content-Transfer-Encoding: base64"])]))


@case(NESTING, "base64-multipart", "phrase", "transfer-encoding",
      "a multipart in base64, delimiters and all")
def _(p):
    return mail(["Content-Type: multipart/mixed; boundary=b",
                 "Content-Transfer-Encoding: base64"],
                b64(multi("b", [plain(), words(p)])))


@case(NESTING, "multipart-claims-base64", "phrase", "transfer-encoding",
      "a multipart that says base64 and is not")
def _(p):
    return mail(["Content-Type: multipart/mixed; boundary=b",
                 "Content-Transfer-Encoding: base64"],
                multi("b", [plain(), words(p)]))


@case(NESTING, "quoted-printable-message", "program", "transfer-encoding",
      "a message in quoted-printable")
def _(p):
    inner = mail(["Content-Type: multipart/mixed; boundary=c"],
                 multi("c", [plain(), program(p)]))
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain(), whole(qp(inner), [
                    "Content-Transfer-Encoding: quoted-printable"])]))


@case(NESTING, "message-file", "program",
      hides="a file that programs open as a message, by its name")
def _(p):
    inner = mail(["Content-Type: multipart/mixed; boundary=c"],
                 multi("c", [plain(), program(p)]))
    body = part(["Content-Type: application/octet-stream; name=letter.eml",
                 "Content-Transfer-Encoding: base64"], b64(inner))
    return mail(["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain(), body]))


@case(NESTING, "partial", None, "partial-message", "one of two pieces of a message")
def _(p):
    return mail(["Content-Type: message/partial; id=x; number=1; total=2"],
                mail(["Content-Type: text/plain"], p.text[:20]))


@case(NESTING, "external-body", None, "partial-message",
      "a body that is to be fetched elsewhere")
def _(p):
    return mail(["Content-Type: message/external-body; access-type=anon-ftp;"
                 ' site="%s"; name="%s"' % (p.host, p.thing)],
                "Content-Type: application/octet-stream\r\n\r\n")


@case(NESTING, "too-deep", "phrase", "mime-depth",
      "forty multiparts in one another")
def _(p):
    inner = plain(p.text)
    for i in range(40, 0, -1):
        inner = part(["Content-Type: multipart/mixed; boundary=b%d" % i],
                     multi("b%d" % i, [inner]))
    return mail(["Content-Type: multipart/mixed; boundary=b0"],
                multi("b0", [inner]))


@case(NESTING, "too-deep-program", "named-in-text", "mime-depth",
      "forty messages in one another, the last one with a program")
def _(p):
    message = program(p)
    for _ in range(40):
        message = mail(["Content-Type: message/rfc822"], message)
    return message


@case(NESTING, "digest", "phrase",
      hides="in a digest no part says that it is a message")
def _(p):
    inner = mail(["Content-Type: text/plain",
                  "Content-Transfer-Encoding: base64"], b64(p.text.encode()))
    return mail(["Content-Type: multipart/digest; boundary=b"],
                multi("b", [CRLF + inner]))


@case(NESTING, "unknown-multipart", "phrase",
      hides="a kind of multipart that nobody knows is a multipart")
def _(p):
    return mail(["Content-Type: multipart/x-%s; boundary=b" % p.thing[:3]],
                multi("b", [plain(), words(p)]))
