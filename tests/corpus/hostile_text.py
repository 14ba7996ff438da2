"""What costs by the text itself: HTML, addresses, Unicode, patterns."""

from hostile import SIZE, fill, hostile
from mailkit import dice, mail

HTML = mail(["Content-Type: text/html; charset=utf-8",
             "Content-Transfer-Encoding: 8bit"])
PLAIN = mail(["Content-Type: text/plain; charset=utf-8",
              "Content-Transfer-Encoding: 8bit"])


def html(name, unit, head=""):
    @hostile("html-" + name)
    def _():
        yield HTML + head.encode()
        yield from fill(unit.encode())


def plain(name, unit, head=""):
    @hostile("text-" + name)
    def _():
        yield PLAIN + head.encode()
        yield from fill(unit.encode())


html("less-than", "<")
html("ampersands", "&")
html("entities", "&amp;")
html("entities-no-end", "&ampamp")
html("entities-long", "&#x" + "0" * 5000 + "41;")
html("entities-numbers", "&#8203;")
html("comments", "<!-->")
html("comments-open", "<!-- ")
html("comments-dashes", "-", "<!--")
html("declarations", "<!")
html("instructions", "<?")
html("cdata", "<![CDATA[")
html("end-tags", "</")
html("open-tag-attributes", " a=b", "<p")
html("open-tag-quotes", " a=\"'", "<p")
html("attribute-of-20mb", "x", '<a href="')
html("style-attribute", "color:red;", '<p style="')
html("style-hidden", "<i style=display:none>")
html("style-hidden-closed", "<i style='display:none'>x</i>")
html("style-sheet", ".a{display:none}", "<style>")
html("style-sheet-classes", "<style>.c1,.c2,.c3{display:none}</style>"
     "<i class='c1 c2 c3 c4'>x</i>")
html("style-sheet-open", "<style>{")
html("script-open", "<script>")
html("script-almost-closed", "</scrip", "<script>")
html("textarea-almost-closed", "</texta", "<textarea>")
html("title-open", "<title>")
html("plaintext", "<plaintext>")
html("nested-div", "<div>")
html("nested-b", "<b>")
html("nested-a", "<a href=http://a.example/>")
html("nested-table", "<table><tr><td>")
html("close-never-opened", "</b>")
html("nested-then-closed", "<i hidden><b></i>")
html("fonts", "<font size=0 color=white>")
html("links", "<a href='http://%61.example/x'>http://b.example/</a>")
html("links-long-text", "<a href=http://a.example/>" + "http://b " * 9000)
html("links-open", "<a href=http://a.example/>x")
html("links-scripts", "<a href='javascript:%28%29'>x</a>")
html("links-data", "<img src='data:text/html;base64,QUFB'>")
html("links-slashes", "<a href=//////////////>")
html("links-line-ends", "<a href='h\nt\nt\np\n:\n/\n/\na\n'>")
html("base-and-links", "<base href=http://a/><a href=b>c</a>")
html("word-breaks", "a<wbr>b&shy;")
html("one-letter-tags", "a<b>")
html("letters-only", "a")
html("blanks-only", " ")
html("nul-only", "\0")
html("quotes", "<a '\"")
html("equals", "<a ====")
html("slashes", "<a/////")

plain("urls", "http://a.example/b\r\n")
plain("urls-no-blank", "http://a")
plain("urls-schemes", "://")
plain("urls-h", "h")
plain("urls-www", "www.")
plain("urls-percent", "%41", "http://a.example/")
plain("urls-dots", ".", "http://a")
plain("urls-at-signs", "@", "http://")
plain("urls-parentheses", "(http://a.example/(")
plain("urls-idn", "http://xn--a\u00e4\u4e00.example/ ")
plain("urls-numbers", "http://0x7f.1/ http://2130706433/ ")
plain("zero-width", "\u200b")
plain("zero-width-joined", "a\u200d")
plain("combining", "\u0301")
plain("combining-letters", "e\u0301\u0323")
plain("bidi", "\u202e\u202c")
plain("ligatures", "\ufdfa")
plain("full-width", "\uff41")
plain("mathematical", "\U0001d41a")
plain("hangul", "\u1112\u1161\u11ab")
plain("look-alikes", "\u0430\u03bf")
plain("emoji", "\U0001f469\u200d\U0001f4bb")
plain("tags", "\U000e0061")
plain("not-characters", "\ufffe\U0010ffff")
plain("blank-lines", "\r\n")
plain("blanks", " ")
plain("tabs-and-dots", "\t.")

# What patterns of rules have to look at for long.
plain("pattern-you-lottery", "you lottery ")
plain("pattern-you", "you ")
plain("pattern-name", "name=")
plain("pattern-file-name", ' name="' + "x" * 99)
plain("pattern-type", "\r\nContent-Type:;")
plain("pattern-verify", "verify your ")
plain("pattern-you-have", "you have ")
plain("pattern-bitcoin", "bitcoin wallet your ")
plain("pattern-dots-exe", ".exe.exe.")
plain("pattern-script", "<script ")
plain("pattern-mixed-letters", "\u0430b\u03bfd ")
plain("pattern-money", "$1,000,000 ")
plain("pattern-digits", "1")
plain("pattern-upper", "AAAA ")
html("pattern-script", "<script <iframe onload ")
html("pattern-on", " on")
html("pattern-script-text", "script: script ")


@hostile("urls-all-different")
def _():
    yield PLAIN
    for i in range(900_000):
        yield b"http://h%d.example/\r\n" % i


@hostile("links-all-different")
def _():
    yield HTML
    for i in range(500_000):
        yield b"<a href=http://h%d.example/>x</a>\n" % i


@hostile("classes-all-different")
def _():
    yield HTML + b"<style>"
    for i in range(300_000):
        yield b".c%d{display:none}\n" % i
    yield b"</style>"
    for i in range(300_000):
        yield b"<i class=c%d>x</i>" % i


@hostile("tags-all-different")
def _():
    yield HTML
    for i in range(SIZE // 12):
        yield b"<t%d a%d=b>" % (i, i)


@hostile("random-html")
def _():
    chance = dice("html")
    pieces = ["<", ">", "&", "<b>", "</b>", "<!--", "-->", "a", " ", "'", '"',
              "=", "style=display:none", "<a href=", "http://a.example/",
              "&#x41;", "\u200b", "\u0430", "<style>", "</style>", "{", "}",
              "<script>", "</script>", "class=x", "/", "\u202e", "e\u0301"]
    yield HTML
    for _ in range(40):
        yield "".join(chance.choices(pieces, k=150_000)).encode()


@hostile("random-unicode")
def _():
    chance = dice("unicode")
    ranges = [(0x20, 0x7f), (0x300, 0x36f), (0x370, 0x52f), (0x1100, 0x11ff),
              (0x2000, 0x206f), (0x2460, 0x24ff), (0x3300, 0x33ff),
              (0xf900, 0xfaff), (0xff00, 0xffef), (0x1d400, 0x1d7ff)]
    block = "".join(chr(chance.randrange(*chance.choice(ranges)))
                    for _ in range(200_000)).encode()
    yield PLAIN
    yield from fill(block)


def page_attached(unit):
    """A page as an attachment, by which most patterns are awake."""
    yield mail(["Content-Type: text/html; name=a.html"])
    yield from fill(unit.encode())


@hostile("page-scripts")
def _():
    yield from page_attached("<script " + "a" * 119)


@hostile("page-scripts-ld")
def _():
    yield from page_attached("<script" + " ld+jso" * 18)


@hostile("page-handlers")
def _():
    yield from page_attached(" onload" + " " * 21)


@hostile("page-handlers-begun")
def _():
    yield from page_attached(" onpointer onmouse onkey onanimation'on")


@hostile("page-inputs")
def _():
    yield from page_attached("<input" + " type" * 60)


@hostile("page-inputs-blanks")
def _():
    yield from page_attached("<input" + (" type" + " " * 20 + "=" + " " * 20) *
                             6)


@hostile("page-inputs-one")
def _():
    yield from page_attached("<input type= ")


@hostile("text-pattern-verify-blanks")
def _():
    yield PLAIN
    yield from fill(b"verify        your        passwor ")


@hostile("text-pattern-bitcoin-blanks")
def _():
    yield PLAIN
    yield from fill(b"bitcoin        walle your        front        ca ")


@hostile("text-pattern-look-alike")
def _():
    yield PLAIN
    yield from fill("\u0440asswor \u0440aypa gift car ".encode())


html("svg-in-math", "<svg><math><desc>")
html("table-of-links", "<td><a href=http://a.example/b?c=d&amp;e=f>g</a>")
html("link-texts-nested", "<a href=//a.example><a href=//b.example>")
html("styles-many-properties", "<p style='" + "a:b;" * 500 + "'>")
html("style-comments", "/**/", "<style>")
html("style-strings", "\"\\", "<style>")
html("style-important", "<p style='display:/**/none!important'>x")
html("style-selectors", "a>b+c~d .e#f[g=h]:i{color:red}", "<style>")
html("style-media", "@media x{", "<style>")
html("style-imports", "@import url(http://a.example/);", "<style>")
html("ids", "<style>#a{display:none}</style><i id=a>x</i>")
html("entities-named-long", "&CounterClockwiseContourIntegral;")
html("entities-named-almost", "&CounterClockwiseContourIntegra;")
html("surrogates", "&#xd800;&#x110000;&#0;")
html("comment-in-tag", "<b<!--")
html("upper", "<SPAN STYLE=DISPLAY:NONE>X</SPAN>")
html("colours", "<p style='color:rgb(255,255,255);background:#fff'>x</p>")
html("meta-charset", "<meta charset=utf-7>")
html("base-long", "<a href=x>", "<base href='http://a.example/" + "b/" * 2000 +
     "'>")
html("base-longest", "<a href=x>", "<base href='http://a.example/" +
     "b/" * 250_000 + "'>")
html("base-long-user", "<a href=x>", "<base href='http://" + "u" * 60_000 +
     "@a.example/'>")
plain("urls-long", "http://a.example/" + "b" * 3000 + " ")
plain("urls-hosts-long", "http://" + "a." * 1000 + "b ")
plain("urls-idn-long", "http://" + "ä." * 100 + "b ")
plain("urls-idn-labels", "http://" + "\u0915" * 60 + ".example ")
plain("urls-punctuation", "http://a.example/).,;:!?\"'")
plain("urls-nested", "http://http://")
plain("mail-addresses", "a@b.example ")
plain("idn-dots", "http://a\u3002b\uff0ec\uff61d ")
