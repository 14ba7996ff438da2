"""Kinds of mail, written by hand after what the standards show."""

from mailkit import (CRLF, b64, crlf, envelope, mail, multi, noise, part,
                     percent, qp, word_b, word_q, words_b, zip_of)
from texts import LETTERS

PNG = (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\6\0\0\0" +
       noise("png", 600))
PDF = b"%PDF-1.4\n1 0 obj <<>> endobj\n" + noise("pdf", 900) + b"\n%%EOF\n"
TEXT = "Dear Anna,\r\n\r\nthe list is below.\r\n\r\n-- \r\nCarol\r\n"

MAILS = []


def good(name):
    def keep(make):
        MAILS.append((name, make))
        return make
    return keep


def plain(text=TEXT):
    return part(["Content-Type: text/plain; charset=us-ascii"], text)


def image(ident="image1@example.com"):
    return part(["Content-Type: image/png; name=\"logo.png\"",
                 "Content-ID: <%s>" % ident,
                 "Content-Disposition: inline; filename=\"logo.png\"",
                 "Content-Transfer-Encoding: base64"], b64(PNG))


def attachment(type_, disposition, data=PDF):
    return part(["Content-Type: " + type_,
                 "Content-Disposition: " + disposition,
                 "Content-Transfer-Encoding: base64"], b64(data))


def mixed(parts, boundary="=_next_part_1"):
    return mail(['Content-Type: multipart/mixed; boundary="%s"' % boundary],
                multi(boundary, parts))


@good("plain-no-mime")
def _():
    return part(envelope(), TEXT)


@good("plain-empty-body")
def _():
    return mail(["Content-Type: text/plain"], "")


@good("plain-one-line-no-end")
def _():
    return part(envelope(), "See you at six.")


@good("plain-blank-lines")
def _():
    return part(envelope(), "\r\n\r\n\r\nWell.\r\n\r\n\r\n")


@good("plain-long-lines")
def _():
    return part(envelope(), ("word " * 180 + "\r\n") * 4)


@good("plain-dashes-and-dots")
def _():
    return part(envelope(), "--\r\n----\r\n--b\r\n.\r\n..\r\n-- \r\nCarol\r\n")


@good("plain-from-and-begin")
def _():
    return part(envelope(), ">From the first day on we\r\nbegin at once\r\n"
                "begin the day well\r\nbegin 10 days before the end\r\n"
                "end\r\n")


@good("plain-equals-signs")
def _():
    return part(envelope(), "a = b\r\n1+1=2\r\n=====\r\n5=5 =\r\n")


@good("plain-base64-look-alike")
def _():
    return part(envelope(), "QmVzdCB3aXNoZXM=\r\nis what base64 looks like\r\n")


@good("plain-web-addresses")
def _():
    return part(envelope(), "See <http://www.example.com/a?b=c&d=e> and\r\n"
                "https://example.net/%7Eanna/(1). Or www.example.com!\r\n")


@good("flowed")
def _():
    return mail(["Content-Type: text/plain; charset=us-ascii; format=flowed"],
                "This is a paragraph that goes on \r\nfor three lines, since "
                "it \r\nis flowed.\r\n\r\n> and a quote \r\n> of two lines\r\n"
                "-- \r\nCarol\r\n")


@good("flowed-delsp")
def _():
    return mail(["Content-Type: text/plain;\r\n\tcharset=utf-8;\r\n\t"
                 "format=flowed;\r\n\tdelsp=yes",
                 "Content-Transfer-Encoding: quoted-printable"],
                qp(crlf("Sehr geehrte Frau Weiß,  \r\nes grüßt\r\nCarol\r\n")))


@good("alternative")
def _():
    return mail(["Content-Type: multipart/alternative; boundary=alt"], multi(
        "alt", [plain(), part(["Content-Type: text/html; charset=us-ascii"],
                              "<p>Dear Anna,<p>the list is below.\r\n")]))


@good("alternative-with-preamble")
def _():
    return mail(["Content-Type: multipart/alternative; boundary=alt"], multi(
        "alt", [plain(), part(["Content-Type: text/html; charset=us-ascii"],
                              "<b>Dear Anna</b>\r\n")],
        preamble="This is a multi-part message in MIME format.\r\n",
        epilogue="\r\n"))


@good("mixed")
def _():
    return mixed([plain(), attachment('application/pdf; name="list.pdf"',
                                      'attachment; filename="list.pdf"')])


@good("mixed-empty-part")
def _():
    return mixed([part([], ""), attachment("application/pdf; name=list.pdf",
                                           "attachment; filename=list.pdf")])


@good("mixed-unnamed-image")
def _():
    return mixed([plain(), part(["Content-Type: image/png",
                                 "Content-Transfer-Encoding: base64"],
                                b64(PNG))])


@good("mixed-zip")
def _():
    data = zip_of([("list.txt", b"pears\r\n"), ("pictures/logo.png", PNG)])
    return mixed([plain(), attachment("application/zip", 'attachment; '
                                      'filename="list.zip"', data)])


@good("mixed-text-attachments")
def _():
    return mixed([plain(), part(
        ["Content-Type: text/csv; charset=utf-8; header=present",
         "Content-Disposition: attachment; filename=list.csv"],
        "fruit;n\r\npears;3\r\n"), part(
            ["Content-Type: text/x-diff; charset=us-ascii",
             "Content-Disposition: inline; filename=\"0001.patch\""],
            "--- a/list\r\n+++ b/list\r\n@@ -1 +1 @@\r\n-pear\r\n+pears\r\n")])


@good("related")
def _():
    return mail(['Content-Type: multipart/related; boundary="rel";\r\n'
                 '\ttype="text/html"; start="<root@example.com>"'], multi(
        "rel", [part(["Content-Type: text/html; charset=utf-8",
                      "Content-ID: <root@example.com>"],
                     '<p><img src="cid:image1@example.com" alt="Logo"></p>'),
                image()]))


@good("mixed-related-alternative")
def _():
    html = part(["Content-Type: text/html; charset=utf-8",
                 "Content-Transfer-Encoding: quoted-printable"],
                qp(crlf('<html><body bgcolor="#ffffff"><p>Schöne Grüße'
                        '<img src="cid:image1@example.com"></body></html>\n')))
    related = part(['Content-Type: multipart/related; boundary="--=_rel"'],
                   multi("--=_rel", [html, image()]))
    alternative = part(['Content-Type: multipart/alternative;\r\n'
                        ' boundary="--=_alt"'],
                       multi("--=_alt", [plain(), related]))
    return mail(['Content-Type: multipart/mixed; boundary="--=_mix"'],
                multi("--=_mix", [alternative, attachment(
                    "application/pdf", "attachment; filename=list.pdf")]))


@good("signed-pgp")
def _():
    return mail(["Content-Type: multipart/signed; micalg=pgp-sha256;\r\n"
                 ' protocol="application/pgp-signature";\r\n boundary="sig"'],
                multi("sig", [plain(), part(
                    ["Content-Type: application/pgp-signature; "
                     'name="signature.asc"',
                     "Content-Description: Digital signature"],
                    "-----BEGIN PGP SIGNATURE-----\r\n\r\niQEzBAEBCAAdFiEE\r\n"
                    "=AbCd\r\n-----END PGP SIGNATURE-----\r\n")]))


@good("signed-smime")
def _():
    return mail(['Content-Type: multipart/signed; boundary="----5F";\r\n'
                 ' protocol="application/pkcs7-signature"; micalg=sha-256'],
                multi("----5F", [plain(), attachment(
                    "application/pkcs7-signature; name=smime.p7s",
                    "attachment; filename=smime.p7s",
                    b"\x30\x82" + noise("p7s", 1500))],
                      preamble="This is an S/MIME signed message\r\n"))


@good("encrypted-pgp")
def _():
    return mail(['Content-Type: multipart/encrypted; boundary="enc";\r\n'
                 ' protocol="application/pgp-encrypted"'], multi("enc", [
        part(["Content-Type: application/pgp-encrypted"], "Version: 1\r\n"),
        part(["Content-Type: application/octet-stream; name=encrypted.asc",
              "Content-Disposition: inline; filename=encrypted.asc"],
             "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA0\r\n=AbCd\r\n"
             "-----END PGP MESSAGE-----\r\n")]))


@good("inline-pgp")
def _():
    return part(envelope(), "-----BEGIN PGP SIGNED MESSAGE-----\r\n"
                "Hash: SHA256\r\n\r\n- --\r\nHello\r\n"
                "-----BEGIN PGP SIGNATURE-----\r\n\r\niQEzBA\r\n=AbCd\r\n"
                "-----END PGP SIGNATURE-----\r\n")


def report(third_type, third):
    status = ("Reporting-MTA: dns; mail.example.com\r\n"
              "Arrival-Date: Thu, 01 Jan 2026 08:00:00 +0000\r\n\r\n"
              "Final-Recipient: rfc822; nobody@example.net\r\n"
              "Action: failed\r\nStatus: 5.1.1\r\n"
              "Diagnostic-Code: smtp; 550 5.1.1 <nobody@example.net>: no\r\n")
    return mail(["Content-Type: multipart/report; "
                 "report-type=delivery-status;\r\n\tboundary=\"A1B2/mail\""],
                multi("A1B2/mail", [
                    part(["Content-Description: Notification",
                          "Content-Type: text/plain; charset=us-ascii"],
                         "I'm sorry to have to inform you.\r\n"),
                    part(["Content-Description: Delivery report",
                          "Content-Type: message/delivery-status"], status),
                    part(["Content-Description: Undelivered Message",
                          "Content-Type: " + third_type], third)],
                      preamble="This is a MIME-encapsulated message.\r\n\r\n"),
                sender="Mail Delivery System <MAILER-DAEMON@example.com>",
                subject="Undelivered Mail Returned to Sender")


@good("report-whole")
def _():
    return report("message/rfc822", mail(
        ["Content-Type: text/plain; charset=utf-8",
         "Content-Transfer-Encoding: 8bit"], "Grüße\r\n"))


@good("report-headers")
def _():
    return report("text/rfc822-headers", part(envelope()))


@good("report-read")
def _():
    return mail(["Content-Type: multipart/report; boundary=mdn;\r\n"
                 " report-type=disposition-notification"], multi("mdn", [
        plain("Your message was displayed.\r\n"),
        part(["Content-Type: message/disposition-notification"],
             "Final-Recipient: rfc822;anna@example.net\r\n"
             "Disposition: manual-action/MDN-sent-manually; displayed\r\n")]))


@good("digest")
def _():
    def issue(n):
        return CRLF + mail(["Content-Type: text/plain"], "Issue %d\r\n" % n,
                           ident=str(n))
    return mail(["Content-Type: multipart/mixed; boundary=out"], multi(
        "out", [plain("Today's topics\r\n"), part(
            ['Content-Type: multipart/digest; boundary="in"'],
            multi("in", [issue(1), issue(2), issue(3)])),
                plain("End of digest\r\n")]))


@good("forwarded")
def _():
    inner = mail(["Content-Type: multipart/mixed; boundary=inner"], multi(
        "inner", [plain(), attachment("application/pdf",
                                      "attachment; filename=list.pdf")]))
    return mixed([plain("See below.\r\n"), part(
        ["Content-Type: message/rfc822; name=\"Fwd: list.eml\"",
         "Content-Disposition: attachment; filename=\"Fwd: list.eml\""],
        inner)])


@good("forwarded-twice")
def _():
    inner = mail(["Content-Type: text/plain; charset=iso-8859-1",
                  "Content-Transfer-Encoding: quoted-printable"],
                 qp(crlf("Grüße\n".encode("latin-1"))))
    for _ in range(2):
        inner = mixed([plain("See below.\r\n"), part(
            ["Content-Type: message/rfc822",
             "Content-Disposition: inline"], inner)],
            "=_level_%d" % len(inner))
    return inner


@good("forwarded-alone")
def _():
    return mail(["Content-Type: message/rfc822"], part(envelope(), TEXT))


@good("list-with-footer")
def _():
    return part(
        ["List-Id: Pears <pears.lists.example.com>",
         "List-Unsubscribe: <mailto:pears-leave@lists.example.com>,\r\n"
         "\t<https://lists.example.com/pears>",
         "Precedence: list"] + envelope(subject="[Pears] Harvest") +
        ["MIME-Version: 1.0", "Content-Type: multipart/mixed;"
         ' boundary="===============0123456789=="'],
        multi("===============0123456789==", [plain(), part(
            ['Content-Type: text/plain; charset="us-ascii"',
             "MIME-Version: 1.0", "Content-Transfer-Encoding: 7bit",
             "Content-Disposition: inline"],
            "_" * 47 + "\r\nPears mailing list\r\n"
            "https://lists.example.com/pears\r\n")]))


@good("calendar")
def _():
    event = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\n"
             "BEGIN:VEVENT\r\nUID:1@example.com\r\n"
             "DTSTART:20260102T100000Z\r\nSUMMARY:Réunion\r\n"
             "END:VEVENT\r\nEND:VCALENDAR\r\n")
    return mail(["Content-Type: multipart/mixed; boundary=cal"], multi("cal", [
        part(["Content-Type: multipart/alternative; boundary=alt"], multi(
            "alt", [plain(), part(
                ['Content-Type: text/calendar; charset="utf-8";'
                 ' method=REQUEST', "Content-Transfer-Encoding: base64"],
                b64(event.encode()))])),
        attachment('application/ics; name="invite.ics"',
                   'attachment; filename="invite.ics"', event.encode())]))


@good("voice-mail")
def _():
    return mail(["Content-Type: audio/wav; name=message.wav",
                 "Content-Transfer-Encoding: base64"],
                b64(b"RIFF\x24\0\0\0WAVEfmt " + noise("wav", 2000)))


@good("image-alone")
def _():
    return mail(["Content-Type: image/png",
                 "Content-Transfer-Encoding: base64"], b64(PNG))


@good("html-alone-quoted-printable")
def _():
    return mail(["Content-Type: text/html; charset=utf-8",
                 "Content-Transfer-Encoding: quoted-printable"],
                qp(crlf('<p style="color: #333">3 &lt; 4 &amp; größer '
                        '&#8211; &eacute;&nbsp;!</p>\n')))


@good("headers-long-and-folded")
def _():
    people = ",\r\n\t".join('"Person %d" <p%d@example.net>' % (i, i)
                            for i in range(40))
    return part(envelope() + ["Cc: " + people, "References: " + "\r\n ".join(
        "<%d.reference@example.com>" % i for i in range(50)),
        "X-Long: " + "\r\n ".join(["a long field"] * 60)], TEXT)


@good("headers-received")
def _():
    trace = ["Received: from a%d.example.com (a%d.example.com [192.0.2.%d])"
             "\r\n\tby b%d.example.com (Postfix) with ESMTPS id 4Xk2p%d"
             "\r\n\tfor <anna@example.net>; Thu, 01 Jan 2026 08:00:00 +0000"
             " (UTC)" % (i, i, i, i, i) for i in range(12)]
    signature = ["DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;"
                 " d=example.com;\r\n\ts=mail; h=from:to:subject;"
                 "\r\n\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;"
                 "\r\n\tb=" + "\r\n\t ".join(["dzdVyOfAKCdLXdJOc9G2q8L"] * 6)]
    return part(trace + signature + envelope(), TEXT)


@good("headers-subject-folded-words")
def _():
    return part(envelope(subject=words_b(LETTERS["de"][0] * 5)), TEXT)


@good("headers-empty-subject")
def _():
    return part(envelope(subject=""), TEXT)


@good("headers-addresses")
def _():
    head = envelope(sender='"Weiß, Käthe" <k@example.com>'.replace(
        '"Weiß, Käthe"', word_q("Weiß, Käthe")))
    return part(head + ["Reply-To: =?utf-8?Q?Bo=C3=9F?= (chief) "
                        "<chief@example.com>",
                        "Cc: undisclosed-recipients:;",
                        "Sender: carol@example.com (Carol)"], TEXT)


@good("headers-utf8-raw")
def _():
    return part(envelope(subject="Grüße aus Köln",
                         sender="Käthe <k@example.com>"), TEXT)


def sizes():
    """Text of each size in each encoding: the ends of lines and groups."""
    for size in (1, 2, 3, 56, 57, 58, 75, 76, 77, 1000, 70000):
        text = ("0123456789abcde=" * (size // 16 + 1))[:size].encode()
        yield "size-%d-base64" % size, mail(
            ["Content-Type: text/plain",
             "Content-Transfer-Encoding: base64"], b64(text))
        yield "size-%d-quoted-printable" % size, mail(
            ["Content-Type: text/plain",
             "Content-Transfer-Encoding: quoted-printable"], qp(text))


def names():
    """A file name in each script, coded in the ways that programs use."""
    for language, (subject, _, name, _) in LETTERS.items():
        file = name + ".pdf"
        tail = percent(file)
        ways = {
            "rfc2231": "attachment; filename*=utf-8''" + tail,
            "rfc2231-and-plain":
                'attachment; filename="list.pdf"; filename*=UTF-8\'%s\'%s' % (
                    language[:2], tail),
            "rfc2231-continued": "attachment;\r\n " + ";\r\n ".join(
                "filename*%d*=%s%s" % (i, "" if i else "utf-8''",
                                       tail[at:at + 60])
                for i, at in enumerate(range(0, len(tail), 60))),
            "rfc2047": 'attachment; filename="%s"' % word_b(file),
        }
        for way, disposition in ways.items():
            type_ = "application/pdf"
            if way == "rfc2047":
                type_ += '; name="%s"' % word_b(file)
            yield "name-%s-%s" % (way, language), mail(
                ["Content-Type: multipart/mixed; boundary=b"],
                multi("b", [plain(), attachment(type_, disposition)]),
                subject=words_b(subject))


def mails():
    for name, make in MAILS:
        yield name, make()
    yield from sizes()
    yield from names()
