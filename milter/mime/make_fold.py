#!/usr/bin/env python3
"""Makes fold_table.h, the table behind fold.c.

    python3 milter/mime/make_fold.py > milter/mime/fold_table.h

What each character becomes is found from Python's unicodedata (compatibility
decompositions, marks) and from the lists below (what is not seen, and letters
that look like Latin ones). Runs of characters that become the same, one after
the other, or capital and small letter in turn, make one range.
"""
import sys
import unicodedata

# What no reader sees, whatever its category is.
UNSEEN = [
    (0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD),
    (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
]
BLANK = [
    (0x0B, 0x0C), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680),
    (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F),
    (0x2800, 0x2800), (0x3000, 0x3000),
]
# Marks that are dropped behind Latin, Greek and Cyrillic letters.
MARKS = [
    (0x0300, 0x034E), (0x0350, 0x036F), (0x0483, 0x0489), (0x1AB0, 0x1ACE),
    (0x1DC0, 0x1DFF), (0x20D0, 0x20F0), (0xFE20, 0xFE2F),
]
# Look-alikes of the scripts that such words are really written in: what they
# look like, then Latin extensions, Greek, Coptic, Cyrillic, Armenian,
# Cherokee, Lisu and so on. Scripts of which whole letters are joined, or
# that turn about (Arabic, Hebrew, Indic), are left as they are.
LOOKS = """
a ɑⱥᴀαⲁаᎺ
b ƀƃɓʙьƅᏏᖯ
c ƈȼᴄϲⲥсꮯ
d đɖɗƌᴅԁᏧᑯ
e ɇɛєᴇǝеҽεϵ℮
f ƒẝք
g ɡɠǥɢցᶃ
h ħɦⱨʜһհᏂ
i ıɨɩɪιⲓіᎥꙇ
j ɉʝϳјյ
k ƙⱪᴋκⲕк
l łƚɫɬɭʟӏןⅼ
m ɱᴍм
n ƞɲɳɴŋηпոռ
o øɵᴏοσⲟоօᴑ
p ƥᴘρϱⲣр
q ɋʠԛգզ
r ɍɼɽʀгᴦⲅꮁ
s ʂȿꜱѕꮪƨ
t ŧƭțᴛτт
u ʉᴜʋμυսꭎꭒ
v ⱱᴠνѵ
w ɯᴡωѡԝաꮃ
x χⲭхҳ᙮×
y ƴɏʏγүуყᶌұ
z ƶȥⱬᴢʐꮓ
A ȺΑⲀАᎪᗅꓮ
B ɃƁΒВᏴᗷꓐ
C ƇȻϹⲤСᏟꓚ
D ĐƉƊᎠᗞᗪꓓ
E ɆΕЕᎬⴹꓰ
F ƑϜᖴꓝ
G ƓǤԌᏀᏳꓖ
H ĦⱧΗНᎻᕼⲎꓧ
I ƗΙⲒІӀꓲ
J ɈͿЈᎫᒍꓙ
K ƘⱩΚⲔКᏦᗋꓗ
L ŁȽⱠᏞᒪⳐꓡ
M ⱮΜϺⲘМᎷᗰꓟ
N ƝȠΝⲚꓠ
O ØƟΟⲞОՕꓳ
P ƤⱣΡⲢРᏢᑭꓑ
Q ɊԚⵕ
R ɌⱤᎡᏒᖇꓣ
S ЅՏᏕᏚꓢ
T ŦƬȾΤⲦТᎢꓔ
U ɄՍᑌꓴ
V ƲѴᏙᐯꓦ
W ⱲԜᎳᏔꓪ
X ΧⲬХᚷꓫҲ
Y ƳɎΥϒⲨҮУᎩꓬҰ
Z ƵȤⱫΖᏃꓜ
ae æӕ
AE ÆӔ
oe œ
OE Œ
ss ß
th þ
d ð
D Ð
2 ƻ
3 ȝɜзЗƷӠʒ
4 Ꮞ
5 Ƽƽ
6 бᏮ
8 Ȣȣ
' ‘’‚‛′ʹʻʼʽˈ´ꞌ
" “”„‟″ʺ〃
- ‐‑‒–—―−⁃˗➖
/ ⁄∕╱⧸
: ։ː∶ꓽ
. ․。｡
, ‚
! ǃⵑ
? Ɂʔ
< ‹˂
> ›˃
~ ˜∼
* ∗⁎
| ǀ∣│
"""


def in_any(code, ranges):
    return any(first <= code <= last for first, last in ranges)


def read_looks():
    looks = {}
    for row in LOOKS.split("\n"):
        to, _, letters = row.partition(" ")
        for letter in letters:
            looks.setdefault(letter, to)
    return looks


def drops_marks(char):
    """Latin, Greek, Cyrillic and symbols, as is_script_with_marks in fold.c
    has it."""
    code = ord(char)
    return code < 0x590 or 0x1C80 <= code < 0x2E00 or \
        0xA640 <= code < 0xA800 or 0xAB30 <= code < 0xAB70


def compatible(char):
    """NFKD without marks where they are dropped, else NFKC."""
    apart = unicodedata.normalize("NFKD", char)
    if drops_marks(apart[0]):
        kept = [c for c in apart if not in_any(ord(c), MARKS)]
        return unicodedata.normalize("NFC", "".join(kept)) or apart
    return unicodedata.normalize("NFKC", char)


def becomes(code, looks):
    """The text for it; None: stays; "": dropped."""
    if 0xD800 <= code < 0xE000 or code in (0x09, 0x0A, 0x0D):
        return None
    if in_any(code, UNSEEN):
        return ""
    if in_any(code, BLANK):
        return " "
    if code < 0x80 or in_any(code, MARKS):
        return None
    char = chr(code)
    for first, last in ((0x1F150, 0x1F169), (0x1F170, 0x1F189),
                        (0x1F1E6, 0x1F1FF)):  # white on black, flags
        if first <= code <= last:
            return chr(ord("A") + code - first)
    # Presentation forms of Arabic and ideographs: large, and in no mail.
    if 0xF900 <= code < 0xFB00 or 0xFB1D <= code < 0xFE00 or \
            0xFE70 <= code < 0xFF00 or 0x1EE00 <= code < 0x1EF00 or \
            0x2F800 <= code < 0x2FA20 or 0x2E80 <= code < 0x2FE0 or \
            0x0900 <= code < 0x1000:
        return looks.get(char)
    text = looks.get(char)
    if text is None:
        text = "".join(looks.get(c, c) for c in compatible(char))
    text = text.replace("\u3000", " ")
    if text == char or any(ord(c) > 0xFFFF for c in text):
        return None
    return text


def ranges_of(table):
    """Runs as [first, n, kind, to]; to is a code, or a text of several."""
    ranges = []
    for code, (kind, to) in sorted(table.items()):
        if ranges:
            last = ranges[-1]
            n = code - last[0]
            if n == last[1] and kind == last[2] == "CODE":
                if last[4] in (None, "SHIFT") and to == last[3] + n:
                    last[1], last[4] = n + 1, "SHIFT"
                    continue
                if last[4] in (None, "SAME") and to == last[3]:
                    last[1], last[4] = n + 1, "SAME"
                    continue
                turn = last[3] + 0x20 * (n % 2)
                if last[4] in (None, "TURN") and to == turn:
                    last[1], last[4] = n + 1, "TURN"
                    continue
            elif n == last[1] and kind == last[2] and kind != "TEXT":
                last[1] = n + 1
                continue
        ranges.append([code, 1, kind, to, None])
    return ranges


def main():
    looks = read_looks()
    table = {}
    for code in range(0x110000):
        if in_any(code, MARKS):
            table[code] = ("MARK", 0)
            continue
        text = becomes(code, looks)
        if text is None:
            continue
        if text == "":
            table[code] = ("DROP", 0)
        elif len(text) == 1:
            table[code] = ("CODE", ord(text))
        else:
            table[code] = ("TEXT", text)
    pool, offsets, lines, firsts = b"", {}, [], []
    for first, n, kind, to, how in ranges_of(table):
        if kind == "TEXT":
            if to not in offsets:
                data = to.encode()
                offsets[to] = len(pool)
                pool += bytes([len(data)]) + data
            to = offsets[to]
        name = how or "SAME" if kind == "CODE" else kind
        assert to < 0x10000 and n < 0x10000, (hex(first), to)
        firsts.append(first)
        lines.append("{0x%x,%d,%s,%d}" % (first, n, name, to))
    out = sys.stdout
    out.write("/* Made by make_fold.py (Unicode %s). */\n"
              % unicodedata.unidata_version)
    out.write("/* clang-format off */\n")
    out.write("static const struct fold_range fold_ranges[] = {\n")
    write_wrapped(out, lines, ",")
    out.write("};\n\n/* Of each 256 characters below U+20000 the first range that "
              "begins in or\n * behind them, and the number of ranges. */\n")
    out.write("static const uint16_t fold_pages[] = {\n")
    write_wrapped(out, [str(sum(f < page << 8 for f in firsts))
                        for page in range(0x201)], ",")
    out.write("};\n\n/* Texts, each behind its length. */\n")
    out.write("static const unsigned char fold_texts[] = {\n")
    write_wrapped(out, [str(b) for b in pool], ",")
    out.write("};\n/* clang-format on */\n")


def write_wrapped(out, items, comma):
    line = ""
    for item in items:
        if len(line) + len(item) + 1 > 150:
            out.write(line + "\n")
            line = ""
        line += item + comma
    out.write(line + "\n")


main()
