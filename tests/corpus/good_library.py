"""Mails that Python's email package wrote, with its habits."""

from email import charset, encoders
from email.header import Header
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP, compat32

from mailkit import DATE, noise
from texts import CHARSETS, LETTERS

# In headers it calls gb2312 eucgb2312_cn and big5 big5_tw.
OLD_CODECS = ("big5", "gb2312", "latin-1", "cp1252", "koi8-r", "euc-jp", "iso2022_jp", "euc-kr",
              "shift_jis", "cp1251")


def finish(message, subject, name):
    """The usual fields; and boundaries that are the same each time."""
    message["From"] = "%s <carol@example.com>" % (
        name if name.isascii() else "Carol")
    message["To"] = "anna@example.net"
    message["Subject"] = subject
    message["Date"] = DATE
    message["Message-ID"] = "<1@mail.example.com>"
    for i, one in enumerate(message.walk()):
        if one.get_content_maintype() == "multipart":
            one.set_boundary("===============%d==" % (1000 + i))
    return message


def modern(language):
    """What programs of today write with it."""
    subject, letter, file, name = LETTERS[language]
    message = EmailMessage(policy=SMTP)
    message.set_content(letter)
    message.add_alternative("<html><body><p>%s</p></body></html>\n" %
                            letter.replace("\n\n", "</p>\n<p>"),
                            subtype="html")
    message.add_attachment(noise(file, 700), maintype="application",
                           subtype="octet-stream", filename=file + ".bin")
    message.add_attachment(letter, filename=file + ".txt")
    return finish(message, subject, name).as_bytes()


def forward(language):
    subject, letter, _, name = LETTERS[language]
    inner = EmailMessage(policy=SMTP)
    inner.set_content(letter, cte="quoted-printable")
    finish(inner, subject, name)
    message = EmailMessage(policy=SMTP)
    message.set_content("FYI\n")
    message.add_attachment(inner)
    return finish(message, "Fwd: " + subject, name).as_bytes()


def old(name, codec, language):
    """What programs of twenty years ago wrote with it."""
    subject, letter, file, person = LETTERS[language]
    message = MIMEMultipart()
    message.attach(MIMEText(letter, "plain", name))
    attached = MIMEBase("application", "x-garden")
    attached.set_payload(noise(name, 400))
    encoders.encode_base64(attached)
    attached.add_header("Content-Disposition", "attachment",
                        filename=(name, "", file + ".dat"))
    message.attach(attached)
    headline = Header(subject.encode(codec), charset.Charset(name))
    return finish(message, headline, person).as_bytes(
        policy=compat32.clone(linesep="\r\n"))


def mails():
    for language in LETTERS:
        yield "library-modern-" + language, modern(language)
        yield "library-forward-" + language, forward(language)
    seen = set()
    for name, codec, language in CHARSETS:
        if codec in OLD_CODECS and (codec, language) not in seen:
            seen.add((codec, language))
            yield "library-old-%s-%s" % (name.lower(), language), old(
                name, codec, language)
