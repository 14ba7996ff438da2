"""What costs by the files that are attached."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib

from hostile import fill, hostile
from mailkit import CRLF, b64, mail, noise, part

MIXED = mail(["Content-Type: multipart/mixed; boundary=b"])
END = b"--b--\r\n"


def attached(data, name, type_="application/octet-stream"):
    return (b"--b" + CRLF +
            part(["Content-Type: " + type_,
                  "Content-Disposition: attachment; filename=\"%s\"" % name,
                  "Content-Transfer-Encoding: base64"], b64(data)))


def zipped(entries, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name, (2026, 1, 1, 8, 0, 0))
            info.compress_type = method
            archive.writestr(info, data)
    return out.getvalue()


def one(name, make):
    @hostile("file-" + name)
    def _():
        data, file = make()
        yield MIXED + attached(data, file) + END


def tar_of(n):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for i in range(n):
            archive.addfile(tarfile.TarInfo("d/%d.txt" % i))
    return out.getvalue()


def tar_header(name, size):
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf()


def nest(data, name, depth):
    for i in range(depth):
        data = zipped([(name, data)])
        name = "%d.zip" % i
    return data


def zip_bombs():
    inner = zipped([("z.zip", zipped([("z", bytes(20 << 20))]))])
    return zipped([("%d.zip" % i, inner) for i in range(2000)])


def zeros_gzip(n_mib, head=b""):
    """n_mib MiB of zeros behind the head, as small as gzip makes them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1 << 20)
    return packer.compress(head) + \
        b"".join(packer.compress(block) for _ in range(n_mib)) + packer.flush()


one("zip-bomb", lambda: (zipped([("zeros.bin", bytes(200 << 20))]), "a.zip"))
one("zip-bomb-inner", lambda: (
    zipped([("inner.zip", zipped([("z", bytes(100 << 20))]))]), "a.zip"))
one("zip-of-zip-bombs", lambda: (zip_bombs(), "a.zip"))
one("zip-30000-entries", lambda: (
    zipped([("d/%d.exe" % i, b"") for i in range(30_000)]), "a.zip"))
one("zip-long-names", lambda: (
    zipped([("n" * 60_000 + str(i), b"") for i in range(100)]), "a.zip"))
one("zip-nested", lambda: (nest(b"x", "x.exe", 40), "a.zip"))
one("zip-cut", lambda: (zipped([("a", noise("a", 5_000_000))])[:4_000_000],
                        "a.zip"))
one("zip-stored", lambda: (
    zipped([("a", noise("a", 12_000_000))], zipfile.ZIP_STORED), "a.zip"))
one("gzip-bomb", lambda: (zeros_gzip(200), "a.gz"))
one("tar-gz-bomb", lambda: (
    zeros_gzip(100, tar_header("zeros.bin", 100 << 20)), "a.tar.gz"))
one("tar-many", lambda: (gzip.compress(tar_of(20_000), 6, mtime=0), "a.tgz"))
one("tar-20000-plain", lambda: (tar_of(20_000), "a.tar"))
one("bzip2-bomb", lambda: (bz2.compress(bytes(100 << 20)), "a.tar.bz2"))
one("xz-bomb", lambda: (lzma.compress(bytes(100 << 20)), "a.tar.xz"))
one("xz-dictionary", lambda: (lzma.compress(b"x" * 100, filters=[
    {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]), "a.xz"))
one("noise", lambda: (noise("noise", 14_000_000), "a.bin"))
one("magic-zip-only", lambda: (b"PK\3\4" * 3_500_000, "a.zip"))
one("magic-zip-end-only", lambda: (b"PK\5\6" * 3_500_000, "a.zip"))
one("magic-rar-only", lambda: (b"Rar!\x1a\7\0" * 2_000_000, "a.rar"))
one("magic-7z-only", lambda: (b"7z\xbc\xaf\x27\x1c" * 2_300_000, "a.7z"))
one("magic-cab-only", lambda: (b"MSCF\0\0\0\0" * 1_700_000, "a.cab"))
one("magic-iso-only", lambda: (
    bytes(32768) + (b"\1CD001\1" + bytes(2041)) * 6000, "a.iso"))
one("magic-many", lambda: (b"%!PS\n<html>#!/bin/sh\n" * 600_000, "a.txt"))


@hostile("files-900-zips")
def _():
    data = zipped([("d/%d.exe" % i, b"x") for i in range(100)])
    yield MIXED
    for i in range(900):
        yield attached(data, "%d.zip" % i, "application/zip")


@hostile("files-900-programs")
def _():
    data = b"MZ" + noise("program", 12_000)
    yield MIXED
    for i in range(900):
        yield attached(data, "%d.exe" % i)


@hostile("files-900-magic")
def _():
    yield MIXED
    for i in range(900):
        yield attached(b"%!PS\n<html>#!/bin/sh\n" * 600, "%d.dat" % i)


@hostile("file-unpadded")
def _():
    yield MIXED + (b"--b\r\nContent-Type: application/zip; name=a.zip\r\n"
                   b"Content-Transfer-Encoding: base64\r\n\r\n")
    yield from fill(b"UEsDBA")


def names_zip(make_name):
    return zipped([(make_name(i), b"") for i in range(2000)])


@hostile("file-names-extensions")
def _():
    yield MIXED + attached(names_zip(
        lambda i: "%d/" % i + ".exe" * 250 + "x"), "a.zip") + END


@hostile("file-names-dots")
def _():
    yield MIXED + attached(names_zip(
        lambda i: "%d" % i + ".pdf" + "." * 900 + "x"), "a.zip") + END


@hostile("file-names-slashes")
def _():
    yield MIXED + attached(names_zip(
        lambda i: "%d" % i + "/.js" * 250 + "x"), "a.zip") + END


@hostile("file-names-dots-then-pages")
def _():
    """As much of everything as fits: names, patterns, bytes to decode."""
    yield MIXED + attached(names_zip(
        lambda i: "%d" % i + ".pdf" + "." * 900 + "x"), "a.zip")
    yield b"--b\r\nContent-Type: text/html; name=a.html\r\n\r\n"
    yield from fill(b"<input" + b" type" * 60, 1_000_000)
    yield (b"\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
           b"begin 644 a.txt\r\n")
    yield from fill(b"M\r\n!\r\n\r\n")


@hostile("attached-names-dots")
def _():
    yield MIXED
    for i in range(250):
        yield (b"--b\r\nContent-Type: a/b; name=\"%d.pdf%s x\"\r\n\r\nx\r\n" %
               (i, b". " * 480))


@hostile("attached-names-extensions")
def _():
    yield MIXED
    for i in range(250):
        yield (b"--b\r\nContent-Type: a/b; name=\"%d/%s\"\r\n\r\nx\r\n" %
               (i, b".exe" * 250))
