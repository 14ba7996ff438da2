#!/usr/bin/env python3
"""archives.py FOLDER - makes tests/fuzz/corpus/archive again.

Each is an archive in miniature, for unit tests and as a seed of the fuzzer.
What is in them is told by tests/unit/test_archive.c. Needs 7z, gcab and zstd
(Debian: p7zip-full, gcab, zstd), which is why the files are kept: tests need
none of them.
"""
import bz2
import gzip
import io
import lzma
import os
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib


def zip_of(*files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files:
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            info.compress_type = method
            archive.writestr(info, data)
    return out.getvalue()


def tar_of(*files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    # the usual padding to 10 KiB is of no use here
    return out.getvalue().rstrip(b"\0") + b"\0" * 1024


def gzip_of(data, name=""):
    out = io.BytesIO()
    with gzip.GzipFile(name, "wb", fileobj=out, mtime=0) as file:
        file.write(data)
    return out.getvalue()


def rar4_block(kind, flags, body, data=b""):
    head = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
    return struct.pack("<H", zlib.crc32(head) & 0xffff) + head + data


def rar4_of(*files, main_flags=0, file_flags=0):
    out = b"Rar!\x1a\x07\x00" + rar4_block(0x73, main_flags, b"\0" * 6)
    for name, data in files:
        body = struct.pack("<IIBIIBBHI", len(data), len(data), 0,
                           zlib.crc32(data), 0, 20, 0x30, len(name), 0x20)
        out += rar4_block(0x74, 0x8000 | file_flags, body + name.encode(), data)
    return out + rar4_block(0x7b, 0x4000, b"")


def vint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def rar5_block(body, data=b""):
    sized = vint(len(body)) + body
    return struct.pack("<I", zlib.crc32(sized)) + sized + data


def rar5_of(*files, encryption=b""):
    out = b"Rar!\x1a\x07\x01\x00" + encryption
    out += rar5_block(vint(1) + vint(0) + vint(0))
    for name, data in files:
        body = vint(2) + vint(2) + vint(len(data)) + vint(0)
        body += vint(len(data)) + vint(0x20) + vint(0) + vint(0)
        body += vint(len(name.encode())) + name.encode()
        out += rar5_block(body, data)
    return out + rar5_block(vint(5) + vint(0) + vint(0))


def by_program(suffix, files, *command):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
            os.utime(os.path.join(folder, name), (1767225600, 1767225600))
        subprocess.run(list(command) + ["out" + suffix] +
                       [name for name, _ in files],
                       cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(folder, "out" + suffix), "rb") as file:
            return file.read()


def main():
    folder = sys.argv[1]
    program = b"MZ" + b"\x90" * 100
    inner = zip_of(("setup.exe", program))
    middle = zip_of(("inner.zip", inner), ("notes.txt", b"notes"))
    outer = zip_of(("middle.zip", middle))
    usual = [("readme.txt", b"read me " * 20), ("setup.exe", program)]
    zeros = zip_of(*[("zeros%d" % i, b"\0" * 3000000) for i in range(10)])
    files = {
        "usual.zip": zip_of(*usual),
        "stored.zip": zip_of(*usual, method=zipfile.ZIP_STORED),
        "empty.zip": zip_of(),
        "nested.zip": zip_of(("inner.zip", inner), ("picture.png", inner)),
        "nested-stored.zip": zip_of(("inner.zip", inner),
                                    method=zipfile.ZIP_STORED),
        "deep.zip": zip_of(("outer.zip", outer)),
        "bomb.zip": zip_of(*[("b%d.zip" % i, zeros) for i in range(10)]),
        "prefix.exe": program + b"\0" * 300 + zip_of(*usual),
        "usual.tar": tar_of(*usual),
        "nested.tgz": gzip_of(tar_of(*usual, ("inner.zip", inner))),
        "usual.tar.bz2": bz2.compress(tar_of(*usual)),
        "usual.tar.xz": lzma.compress(tar_of(*usual)),
        "setup.exe.xz": lzma.compress(program),
        "named.gz": gzip_of(program, "setup.exe"),
        "setup.js.gz": gzip_of(program),
        "inner.zip.gz": gzip_of(inner),
        "usual.rar4.rar": rar4_of(*usual),
        "nested.rar4.rar": rar4_of(("inner.zip", inner)),
        "encrypted.rar4.rar": rar4_of(*usual, file_flags=4),
        "hidden.rar4.rar": rar4_of(main_flags=0x80) + b"\x5a" * 64,
        "usual.rar5.rar": rar5_of(*usual),
        "nested.rar5.rar": rar5_of(("inner.zip", inner)),
        "hidden.rar5.rar": rar5_of(encryption=rar5_block(
            vint(4) + vint(0) + vint(0) + b"\x0f" + b"s" * 16)),
        "setup.exe.zst": by_program(".zst", [("setup.exe", program)],
                                    "zstd", "-q", "-o"),
        "usual.7z": by_program(".7z", usual + [("inner.zip", inner)],
                               "7z", "a", "-bd"),
        "encrypted.7z": by_program(".7z", usual, "7z", "a", "-bd", "-psecret"),
        "hidden.7z": by_program(".7z", usual, "7z", "a", "-bd", "-psecret",
                                "-mhe=on"),
        "encrypted.zip": by_program(".zip", usual, "7z", "a", "-bd",
                                    "-psecret"),
        "encrypted-aes.zip": by_program(".zip", usual, "7z", "a", "-bd",
                                        "-psecret", "-mem=AES256"),
        "usual.cab": by_program(".cab", usual + [("inner.zip", inner)],
                                "gcab", "-c"),
    }
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)


main()
