"""Is this UTF-8? When it is not, say what it looks like, because "invalid byte" helps nobody to save it again."""

import codecs
import re

from callboard.importing.events import Unreadable

SNIFF_BYTES = 65_536
"""Bytes judged before the first record: enough Chinese or accented text to tell a wrong encoding from one bad byte."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32 (little endian)"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "UTF-32 (big endian)"),
    (codecs.BOM_UTF16_LE, "UTF-16 (little endian)"),
    (codecs.BOM_UTF16_BE, "UTF-16 (big endian)"),
)
_CONTAINERS = (
    (b"PK\x03\x04", "a zip archive or a spreadsheet; unpack it, or save the sheet as CSV"),
    (b"%PDF", "a PDF document"),
    (b"\xfd7zXZ\x00", "an xz archive; only .gz is unpacked here"),
    (b"(\xb5/\xfd", "a zstd archive; only .gz is unpacked here"),
    (b"BZh", "a bzip2 archive; only .gz is unpacked here"),
    (b"PAR1", "a Parquet file; export it as NDJSON or CSV"),
)
_HIGH = re.compile(rb"[\x80-\xff]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]{2,}")
CHINESE = "GBK (Chinese)"
WESTERN = "Windows-1252 (Western European)"


def text_start(head: bytes) -> int:
    """Where the text begins behind a UTF-8 byte order mark: 0 or 3.

    `head` is the beginning of the file, all of it when it is shorter than `SNIFF_BYTES`.
    Raises `Unreadable` naming the likely encoding or container when the file as a whole is not UTF-8 text.
    """
    for mark, meaning in _CONTAINERS:
        if head.startswith(mark):
            raise Unreadable(f"This is {meaning}.")
    wide = _wide(head)
    if wide:
        _refuse(wide)
    start = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    if not _is_utf8(head) and _mostly_foreign(head):
        _refuse(likely(head))
    return start


def likely(data: bytes) -> str:
    """The likeliest encoding of bytes that are not UTF-8.

    In Chinese text the bytes above 127 stand together in pairs; in European text each stands between letters.
    """
    in_runs = sum(len(run) for run in _HIGH_RUN.findall(data))
    if in_runs * 2 >= len(_HIGH.findall(data)) and _decodes(data, "gb18030"):
        return CHINESE
    return WESTERN


def _refuse(guess: str) -> None:
    raise Unreadable(
        f"The file is not UTF-8; it looks like {guess}. Save it as UTF-8 and import it again.", guess=guess
    )


def _wide(head: bytes) -> str | None:
    """UTF-16 and UTF-32, by their mark or by the zero bytes around a first ASCII character."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    zeros = "".join("0" if byte == 0 else "x" for byte in head[:4])
    return {
        "x000": "UTF-32 (little endian)",
        "000x": "UTF-32 (big endian)",
        "x0x0": "UTF-16 (little endian)",
        "0x0x": "UTF-16 (big endian)",
        "x0xx": "UTF-16 (little endian)",
        "0xxx": "UTF-16 (big endian)",
    }.get(zeros)


def _is_utf8(head: bytes) -> bool:
    return _decodes(head, "utf-8")


def _decodes(data: bytes, encoding: str) -> bool:
    """True also when the last character is cut off: `data` may end in the middle of one."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(data, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _mostly_foreign(head: bytes) -> bool:
    """More wrong characters than right ones above ASCII, and they are Chinese or spoil most of the lines.

    Otherwise it is a UTF-8 file with some spoilt lines, and each of them becomes an error of its own.
    """
    text = head.decode("utf-8", errors="replace")
    wrong = text.count("�")
    right = sum(len(run) for run in re.findall(r"[^\x00-\x7f�]+", text))
    if wrong <= right:
        return False
    lines = [line for line in head.split(b"\n") if line.strip()]
    spoilt = [line for line in lines if not _decodes(line, "utf-8")]
    return len(spoilt) * 2 > len(lines) or likely(b"\n".join(spoilt)) == CHINESE
