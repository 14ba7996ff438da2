"""Evasions by what a reader sees: classes 9 and 10."""

from evasion import case
from mailkit import b64, mail

HTML = "09-html"
UNICODE = "10-unicode"


def page(body, head="", charset="us-ascii"):
    text = ("<!DOCTYPE html><html><head>%s</head><body>%s</body></html>\r\n" %
            (head, body))
    return mail(["Content-Type: text/html; charset=" + charset,
                 "Content-Transfer-Encoding: 8bit"], text)


def between(text, what):
    """what between the letters of each word."""
    return " ".join(what.join(word) for word in text.split(" "))


# --- class 9 ---------------------------------------------------------------

@case(HTML, "entities-decimal", "phrase", hides="letters as decimal numbers")
def _(p):
    return page("".join("&#%d;" % ord(c) for c in p.phrase))


@case(HTML, "entities-hex", "phrase",
      hides="letters as hexadecimal numbers with zeros, without semicolons")
def _(p):
    out = ""
    for i, c in enumerate(p.phrase):
        is_glued = p.phrase[i + 1:i + 2] not in tuple("abcdef")
        out += "&#x%06X" % ord(c) + ("" if is_glued else ";")
    return page(out)


@case(HTML, "comments", "phrase", hides="comments inside of the words")
def _(p):
    return page(between(p.phrase, "<!-- no > -->"))


@case(HTML, "tags", "phrase", hides="tags inside of the words")
def _(p):
    return page(between(p.phrase, '<b title="x>y"></b>'))


@case(HTML, "break-opportunities", "phrase",
      hides="<wbr> inside of the words")
def _(p):
    return page(between(p.phrase, "<wbr>"))


@case(HTML, "soft-hyphens", "folded",
      hides="soft hyphens and joiners as entities")
def _(p):
    return page(between(p.phrase, "&shy;&zwnj;"))


@case(HTML, "display-none", "phrase", "hidden-text",
      "letters between the letters that nobody sees")
def _(p):
    return page(between(p.phrase, '<span style="display:none">x</span>'))


@case(HTML, "font-size-zero", "phrase", "hidden-text",
      "letters of no size between the letters")
def _(p):
    return page(between(p.phrase, "<font style='FONT-SIZE : 0px'>q</font>"))


@case(HTML, "style-sheet", "phrase", "hidden-text",
      "a class that the style sheet hides")
def _(p):
    return page(between(p.phrase, '<i class="k">z</i>'),
                "<style>.k { display: none }</style>")


@case(HTML, "white-on-white", "phrase", "hidden-text",
      "a text that is white on white")
def _(p):
    return page('<p style="color:#ffffff;background-color:white">' +
                p.phrase + "</p>")


@case(HTML, "hidden-attribute", "phrase", "hidden-text",
      "a text with the attribute hidden")
def _(p):
    return page("<p hidden>" + p.phrase + "</p><p>Hello.</p>")


@case(HTML, "blanks-by-tags", "phrase",
      hides="blanks, line ends and no-break spaces between the words")
def _(p):
    return page(p.phrase.replace(" ", "\r\n  <b> </b>\t"))


@case(HTML, "tag-soup", "link", hides="an address in tags that never close")
def _(p):
    return page("<table><td><p <a x=1 <A HREF=%s>here<p>" % p.url)


@case(HTML, "link-entities", "link",
      hides="an address with entities and line ends in it")
def _(p):
    url = p.url.replace("b", "&#98;").replace("/", "&sol;\r\n", 1)
    return page('<a href=" \t%s">here</a>' % url.replace(":", "&colon;"))


@case(HTML, "link-user", "link",
      hides="a user's name in an address that looks like a host")
def _(p):
    return page('<a href="http://www.example.com%%40x@%s/">here</a>' % p.host)


@case(HTML, "link-backslashes", "link", hides="backslashes for slashes")
def _(p):
    return page('<a href="http:\\\\%s\\x">here</a>' % p.host)


@case(HTML, "link-percent", "link", hides="a host percent-coded")
def _(p):
    return page('<a href="http://%%%02x%s/">here</a>' % (
        ord(p.host[0]), p.host[1:]))


@case(HTML, "link-no-scheme", "link", hides="an address without a scheme")
def _(p):
    return page('<a href="//%s/x">here</a>' % p.host)


@case(HTML, "link-shows-another", "link", "link-mismatch",
      "a link that shows another host than its own")
def _(p):
    return page('<a href="%s">http://www.example.com/bank</a>' % p.url)


@case(HTML, "link-form", "link", hides="the target of a form")
def _(p):
    return page('<form action="%s" method=post><input name=p></form>' % p.url)


@case(HTML, "link-map", "link", hides="an area of a map")
def _(p):
    return page('<map><area shape=default href="%s"></map>' % p.url)


@case(HTML, "link-refresh", "link", hides="a page that goes elsewhere")
def _(p):
    return page("Wait.",
                '<meta http-equiv="refresh" content="0; URL=%s">' % p.url)


@case(HTML, "link-base", "link", hides="a base, and links that are relative")
def _(p):
    return page('<a href="x/y">here</a>', '<base href="http://%s/">' % p.host)


@case(HTML, "link-full-width", "link", hides="a host in full-width letters")
def _(p):
    wide = "".join(chr(ord(c) + 0xFEE0) for c in p.host)
    return page('<a href="http://%s/">here</a>' % wide, charset="utf-8")


@case(HTML, "data-address", "source",
      hides="a page inside of an address")
def _(p):
    return page('<a href="data:text/html,<a href=%s>">here</a>' % p.url)


@case(HTML, "unclosed-comment", "phrase",
      hides="comments that end in other ways than --> or at once")
def _(p):
    return page("<!--> %s <!---><!-- a --!>" % p.phrase)


@case(HTML, "conditional", "phrase",
      hides="a conditional comment that only some programs obey")
def _(p):
    return page("<![if !mso]>%s<![endif]>" % p.phrase)


@case(HTML, "conditional-for-pictures", "phrase",
      hides="a conditional comment that Outlook reads for its pictures")
def _(p):
    return page("<!--[if gte vml 1]>%s<![endif]-->" % p.phrase)


@case(HTML, "cdata", "phrase", hides="CDATA in a picture")
def _(p):
    return page("<svg><text><![CDATA[%s]]></text></svg>" % p.phrase)


@case(HTML, "enriched", "phrase",
      hides="enriched text: tags inside of the words")
def _(p):
    return mail(["Content-Type: text/enriched"],
                between(p.phrase, "<bold></bold>") + "\r\n")


@case(HTML, "link-refresh-bare", "link",
      hides="a page that goes elsewhere, without url=")
def _(p):
    return page("Wait.",
                '<meta http-equiv="refresh" content="0;%s">' % p.url)


@case(HTML, "link-file", "link", hides="a file of another host")
def _(p):
    return page('<a href="file://%s/x">here</a>' % p.host)


@case(HTML, "link-in-link", "link", hides="an address that opens a program")
def _(p):
    return page('<a href="ms-word:ofe|u|%s">here</a>' % p.url)


@case(HTML, "link-xlink", "link", hides="XLink under another name")
def _(p):
    return page('<svg xmlns:q="xlink"><a q:href="%s"><text>x' % p.url)


@case(HTML, "title-and-textarea", "phrase",
      hides="text in elements that hold no tags")
def _(p):
    return page("<textarea>%s</textarea>" % p.phrase.replace("r", "&#114;"))


# --- class 10 --------------------------------------------------------------

def spelled(text):
    return mail(["Content-Type: text/plain; charset=utf-8",
                 "Content-Transfer-Encoding: 8bit"], text + "\r\n")


@case(UNICODE, "zero-width", "folded", hides="zero-width characters")
def _(p):
    return spelled("".join(c + "\u200b\u200c\u200d\u2060\ufeff"[i % 5]
                           for i, c in enumerate(p.phrase)))


@case(UNICODE, "soft-hyphen", "folded", hides="soft hyphens")
def _(p):
    return spelled(between(p.phrase, "\u00ad"))


@case(UNICODE, "bidi", "folded", hides="marks of direction")
def _(p):
    return spelled("\u202d" + between(p.phrase, "\u200e") + "\u202c\u2069")


@case(UNICODE, "full-width", "folded", hides="full-width letters")
def _(p):
    return spelled("".join(chr(ord(c) + 0xFEE0) if c != " " else "\u3000"
                           for c in p.phrase))


@case(UNICODE, "cyrillic", "folded", hides="Cyrillic look-alikes")
def _(p):
    return spelled(p.phrase.translate(str.maketrans(
        "aeoprlun", "\u0430\u0435\u043e\u0440r\u04cfun")))


@case(UNICODE, "greek", "folded", hides="Greek look-alikes")
def _(p):
    return spelled(p.phrase.upper().translate(str.maketrans(
        "AEINOPY", "\u0391\u0395\u0399\u039d\u039f\u03a1\u03a5")))


@case(UNICODE, "combining", "folded", hides="combining marks on each letter")
def _(p):
    return spelled(between(p.phrase, "\u0301\u0323"))


@case(UNICODE, "composed", "folded", hides="letters with accents")
def _(p):
    return spelled(p.phrase.translate(str.maketrans(
        "aeinouy", "\u00e4\u00e9\u00ed\u0144\u00f3\u00fc\u00ff")))


@case(UNICODE, "mathematical", "folded", hides="mathematical letters")
def _(p):
    return spelled("".join(chr(0x1D41A + ord(c) - 97) if c != " " else c
                           for c in p.phrase))


@case(UNICODE, "circled", "folded", hides="letters in circles")
def _(p):
    return spelled("".join(chr(0x24D0 + ord(c) - 97) if c != " " else c
                           for c in p.phrase))


@case(UNICODE, "no-break-spaces", "folded",
      hides="other blanks than the usual one")
def _(p):
    return spelled(p.phrase.replace(" ", "\u2003", 1).replace(" ", "\u00a0"))


@case(UNICODE, "variation-selectors", "folded",
      hides="variation selectors and tags")
def _(p):
    return spelled(between(p.phrase, "\ufe0f\U000e0061"))


@case(UNICODE, "turned", "folded", hides="letters from right to left")
def _(p):
    return spelled("\u202e" + p.phrase[::-1] + "\u202c Hello.")


@case(UNICODE, "invitation", "phrase",
      hides="an invitation whose lines are folded inside of the words")
def _(p):
    return mail(["Content-Type: text/calendar; method=REQUEST"],
                "BEGIN:VCALENDAR\r\nDESCRIPTION:%s\r\nEND:VCALENDAR\r\n" %
                p.phrase.replace(" ", "\\n", 1).replace("n", "n\r\n ", 2)
                .replace("\\n\r\n ", "\\n"))


@case(UNICODE, "glued-address", "link",
      hides="addresses with nothing but a comma between")
def _(p):
    return spelled("http://www.example.org,%s;x" % p.url.rsplit("/", 1)[0])


@case(UNICODE, "in-base64-html", "folded",
      hides="several of them at once, in HTML in base64")
def _(p):
    text = between(p.phrase, "&#8203;<b>\u0301</b>").replace("e", "&#x435;")
    return mail(["Content-Type: text/html; charset=utf-8",
                 "Content-Transfer-Encoding: base64"],
                b64(("<p>%s</p>" % text).encode()))
