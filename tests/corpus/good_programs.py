"""Mails with the habits of programs that many people use, HTML above all."""

from mailkit import b64, crlf, envelope, mail, multi, noise, part, qp, word_b
from texts import LETTERS

PNG = b"\x89PNG\r\n\x1a\n" + noise("logo", 500)
RIGHT_TO_LEFT = ("ar", "he")


def paragraphs(text, tag):
    lines = [line for line in text.split("\n") if line]
    return "".join(tag % line for line in lines)


def outlook(language):
    """Word writes the HTML: conditional comments, o:p, a class for all."""
    subject, letter, _, name = LETTERS[language]
    html = ('<html xmlns:v="urn:schemas-microsoft-com:vml" '
            'xmlns:o="urn:schemas-microsoft-com:office:office" '
            'xmlns="http://www.w3.org/TR/REC-html40"><head>'
            '<meta http-equiv=Content-Type content="text/html; charset=utf-8">'
            '<!--[if !mso]><style>v\\:* {behavior:url(#default#VML);}</style>'
            '<![endif]--><style><!--\n@font-face {font-family:Calibri;}\n'
            'p.MsoNormal, li.MsoNormal {margin:0cm; font-size:11.0pt; '
            'font-family:"Calibri",sans-serif;}\n'
            'a:link {color:#0563C1; text-decoration:underline;}\n--></style>'
            '<!--[if gte mso 9]><xml><o:shapedefaults v:ext="edit" '
            'spidmax="1026" /></xml><![endif]--></head>'
            '<body lang=EN link="#0563C1"><div class=WordSection1>' +
            paragraphs(letter, '<p class=MsoNormal>%s<o:p></o:p></p>') +
            '<p class=MsoNormal><o:p>&nbsp;</o:p></p></div></body></html>\n')
    return mail(['Content-Type: multipart/alternative;\r\n\t'
                 'boundary="_000_AB12CD34mailexampleorg_"',
                 "Thread-Topic: " + word_b(subject),
                 "X-MS-Has-Attach: ", "Content-Language: en-US"],
                multi("_000_AB12CD34mailexampleorg_", [
                    part(['Content-Type: text/plain; charset="utf-8"',
                          "Content-Transfer-Encoding: base64"],
                         b64(crlf(letter))),
                    part(['Content-Type: text/html; charset="utf-8"',
                          "Content-Transfer-Encoding: base64"],
                         b64(crlf(html)))]),
                subject=word_b(subject),
                sender='"%s" <carol@example.com>' % (
                    name if name.isascii() else "Carol"))


def gmail(language):
    subject, letter, _, name = LETTERS[language]
    way = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    html = ('<div dir="%s">%s<br clear="all"></div><br>'
            '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
            'On Thu, Jan 1, 2026 at 8:00 Anna &lt;<a href="mailto:'
            'anna@example.net">anna@example.net</a>&gt; wrote:<br></div>'
            '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;'
            'border-left:1px solid rgb(204,204,204);padding-left:1ex">'
            '<div>Hello</div></blockquote></div>\n' % (
                way, paragraphs(letter, "<div>%s</div>")))
    return part(envelope(subject=word_b(subject),
                         sender="%s <carol@example.com>" % word_b(name)) +
                ["MIME-Version: 1.0", 'Content-Type: multipart/alternative; '
                 'boundary="000000000000a1b2c305e6f7"'],
                multi("000000000000a1b2c305e6f7", [
                    part(['Content-Type: text/plain; charset="UTF-8"',
                          "Content-Transfer-Encoding: quoted-printable"],
                         qp(crlf(letter + "\nOn Thu Anna wrote:\n> Hello\n"))),
                    part(['Content-Type: text/html; charset="UTF-8"',
                          "Content-Transfer-Encoding: quoted-printable"],
                         qp(crlf(html)))]))


def apple(language):
    subject, letter, file, name = LETTERS[language]
    html = ('<html><head><meta http-equiv="Content-Type" content="text/html; '
            'charset=utf-8"></head><body style="word-wrap: break-word; '
            '-webkit-nbsp-mode: space; line-break: after-white-space;">' +
            paragraphs(letter, "<div>%s</div><div><br></div>") +
            '<img apple-inline="yes" id="A1" src="cid:A1B2@example.com">'
            '</body></html>')
    related = part(['Content-Type: multipart/related;\r\n'
                    '\ttype="text/html";\r\n\tboundary="Apple-Mail=_B"'],
                   multi("Apple-Mail=_B", [
                       part(["Content-Transfer-Encoding: quoted-printable",
                             "Content-Type: text/html;\r\n\tcharset=utf-8"],
                            qp(crlf(html))),
                       part(["Content-Transfer-Encoding: base64",
                             "Content-Disposition: inline;\r\n\t"
                             "filename*=utf-8''" + "".join(
                                 "%%%02X" % c for c in file.encode()) + ".png",
                             "Content-Type: image/png;\r\n\tname=\"%s\";"
                             "\r\n\tx-unix-mode=0644" % word_b(file + ".png"),
                             "Content-Id: <A1B2@example.com>"], b64(PNG))],
                         preamble="\r\n\r\n"))
    return part(["From: %s <carol@example.com>" % word_b(name),
                 "Content-Type: multipart/alternative;\r\n"
                 '\tboundary="Apple-Mail=_A"',
                 "Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3696.120\\))",
                 "Subject: " + word_b(subject),
                 "Message-Id: <A1@example.com>",
                 "Date: Thu, 1 Jan 2026 09:00:00 +0100",
                 "To: anna@example.net", "X-Mailer: Apple Mail (2.3696)"],
                multi("Apple-Mail=_A", [
                    part(["Content-Transfer-Encoding: quoted-printable",
                          "Content-Type: text/plain;\r\n\tcharset=utf-8"],
                         qp(crlf(letter))), related], preamble="\r\n\r\n"))


def mutt(language):
    subject, letter, file, name = LETTERS[language]
    return mail(["Content-Type: multipart/mixed; boundary=\"k1LZpFbLd\"",
                 "Content-Disposition: inline",
                 "In-Reply-To: <1@example.net>",
                 "User-Agent: Mutt/2.2.9 (2022-11-12)"],
                multi("k1LZpFbLd", [
                    part(["Content-Type: text/plain; charset=utf-8",
                          "Content-Disposition: inline",
                          "Content-Transfer-Encoding: 8bit"], crlf(letter)),
                    part(["Content-Type: text/plain; charset=utf-8",
                          "Content-Disposition: attachment;"
                          " filename*=utf-8''" + "".join(
                              "%%%02X" % c for c in file.encode()) + ".txt",
                          "Content-Transfer-Encoding: quoted-printable"],
                         qp(crlf(letter * 3)))]),
                subject=word_b(subject),
                sender="%s <carol@example.com>" % word_b(name))


NEWS_STYLE = """
body, table, td { font-family: Arial, Helvetica, sans-serif; margin: 0; }
img { border: 0; -ms-interpolation-mode: bicubic; }
.wrapper { width: 600px; background-color: #ffffff; }
.button a { background: #2a7; color: #ffffff !important; padding: 12px; }
@media only screen and (max-width: 480px) {
  .wrapper { width: 100% !important; }
  .column { display: block !important; }
}
"""


def newsletter(language):
    """Tables in tables, a style sheet, addresses that count readers."""
    subject, letter, _, name = LETTERS[language]
    rows = "".join(
        '<tr><td class="column" width="50%%" valign="top" style="padding:10px;'
        'color:#333333">%s<br><a href="https://click.example.com/t/%06x'
        '?u=anna&amp;c=%d" style="color:#2a7">&raquo;</a></td></tr>\n' % (
            line, 7919 * i, i)
        for i, line in enumerate(letter.split("\n")) if line)
    html = ('<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
            '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
            '<html xmlns="http://www.w3.org/1999/xhtml" lang="%s"><head>'
            '<title>%s</title><style type="text/css">%s</style></head>'
            '<body bgcolor="#eeeeee"><table width="100%%" border="0" '
            'cellpadding="0" cellspacing="0"><tr><td align="center">'
            '<table class="wrapper">%s</table></td></tr>'
            '<tr><td class="button"><a href="https://www.example.com/shop">'
            '%s</a></td></tr></table>'
            '<img src="https://open.example.com/o.gif?u=1" width="1" '
            'height="1" alt=""></body></html>\n' % (
                language[:2], subject, NEWS_STYLE, rows, name))
    return part(envelope(subject=word_b(subject), sender=word_b(name) +
                         " <news@example.com>") +
                ["MIME-Version: 1.0", "List-Unsubscribe-Post: "
                 "List-Unsubscribe=One-Click",
                 "List-Unsubscribe: <https://www.example.com/off?u=1>",
                 "Content-Type: text/html; charset=utf-8",
                 "Content-Transfer-Encoding: base64"], b64(crlf(html)))


PROGRAMS = {"outlook": outlook, "gmail": gmail, "apple": apple, "mutt": mutt,
            "newsletter": newsletter}


def mails():
    for program, make in PROGRAMS.items():
        for language in LETTERS:
            yield "%s-%s" % (program, language), make(language)
