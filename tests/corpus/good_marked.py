"""Honest mail that is marked all the same: what it does is what others do who
hide something. Words of mime.damage are no verdicts, and no rule that comes
with Sluice may refuse such a mail.
"""

from mailkit import CRLF, b64, crlf, envelope, mail, multi, noise, part, qp

MAILS = []


def marked(name, *words):
    def keep(make):
        MAILS.append((name, list(words), make))
        return make
    return keep


def page(body, head=""):
    return mail(["Content-Type: text/html; charset=utf-8",
                 "Content-Transfer-Encoding: quoted-printable"],
                qp(crlf("<html><head>%s</head><body>%s</body></html>\n" %
                        (head, body))))


@marked("preheader", "hidden-text")
def _():
    return page('<div style="display:none;font-size:1px;color:#fff;'
                'max-height:0">Pears are ripe, and more</div><p>Hello Anna')


@marked("two-layouts", "hidden-text")
def _():
    return page('<table class="small"><tr><td>Pears</table>'
                '<table class="large"><tr><td>Pears, large</table>',
                "<style>.small { display: none }</style>")


@marked("counted-link", "link-mismatch")
def _():
    return page('<a href="https://click.news.example.com/?u=1">'
                "www.pears.example.net</a>")


@marked("subject-of-a-copier", "raw-8bit")
def _():
    fields = [line for line in envelope() if not line.startswith("Subject")]
    return part(fields + [b"Subject: Kopie f\xfcr Anna"], "See the file.\r\n")


@marked("cron", "charset")
def _():
    return mail(["Content-Type: text/plain; charset=us-ascii"],
                "Größe: 5 kB\r\n")


@marked("unknown-charset", "charset")
def _():
    return mail(["Content-Type: text/plain; charset=unknown-8bit",
                 "Content-Transfer-Encoding: 8bit"],
                "Größe\r\n".encode("latin-1"))


@marked("bounce-of-half-a-mail", "unclosed")
def _():
    half = mail(["Content-Type: multipart/mixed; boundary=inner"],
                multi("inner", [part([], "Hello"), part(
                    ["Content-Type: image/png; name=a.png",
                     "Content-Transfer-Encoding: base64"],
                    b64(noise("half", 2000)))]))[:900]
    half = half[:half.rindex(CRLF)]
    return mail(["Content-Type: multipart/report; boundary=out;"
                 " report-type=delivery-status"], multi("out", [
        part(["Content-Type: text/plain"], "It could not be delivered.\r\n"),
        part(["Content-Type: message/delivery-status"],
             "Reporting-MTA: dns; mail.example.com\r\n\r\n"
             "Final-Recipient: rfc822; x@example.net\r\nStatus: 5.2.2\r\n"),
        part(["Content-Type: message/rfc822"], half)]))


@marked("web-form", "unclosed")
def _():
    body = multi("form", [part(["Content-Type: text/plain"], "An order\r\n")])
    return mail(["Content-Type: multipart/mixed; boundary=form"],
                body[:body.rindex(b"--form--")])


@marked("web-form-of-lf", "bare-newline")
def _():
    return mail(["Content-Type: multipart/mixed; boundary=form"],
                multi("form", [part(["Content-Type: text/plain"],
                                    "An order\r\nof pears\r\n")]).replace(
                                        CRLF, b"\n"))


@marked("name-without-quotes", "parameter")
def _():
    return mail(["Content-Type: multipart/mixed; boundary=b"], multi("b", [
        part(["Content-Type: text/plain"], "See file."),
        part(["Content-Type: application/pdf",
              "Content-Disposition: attachment; filename=My list.pdf",
              "Content-Transfer-Encoding: base64"], b64(b"%PDF-1.4\n"))]))


@marked("coded-multipart", "transfer-encoding")
def _():
    return mail(["Content-Type: multipart/mixed; boundary=b",
                 "Content-Transfer-Encoding: quoted-printable"],
                multi("b", [part(["Content-Type: text/plain"], "Hello")]))


@marked("two-subjects", "duplicate-header")
def _():
    return part(envelope() + ["Subject: A word from Carol"], "Hello\r\n")


@marked("qp-by-hand", "quoted-printable")
def _():
    return mail(["Content-Type: text/plain; charset=utf-8",
                 "Content-Transfer-Encoding: quoted-printable"],
                "See http://www.example.com/?a=xyz&b=qrs\r\n")


@marked("name-in-two-fields", "ambiguous")
def _():
    return mail(["Content-Type: multipart/mixed; boundary=b"], multi("b", [
        part(["Content-Type: text/plain; charset=utf-8",
              "Content-Type: text/plain; charset=iso-8859-1"], "Hello")]))


def mails():
    for name, words, make in MAILS:
        yield name, words, make()
