"""Names that come from outside: made readable for people, and alike for matching."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LONGEST_ID = 100
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # part of how some languages are written
_LETTERS = str.maketrans({"đ": "d", "ð": "d", "ł": "l", "ø": "o", "ı": "i", "ß": "ss", "æ": "ae"})


def clean(text: object, keep: str = "\n\t") -> str:
    """Return `text` without what UTF-8 cannot hold or a reader cannot see, such as marks that
    turn the direction of writing; the characters in `keep` stay. Each is replaced by U+FFFD.
    """
    text = str(text).replace("\r\n", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c in keep or c in _JOINERS or unicodedata.category(c) not in _HIDDEN else "\ufffd"
        for c in text
    )


def readable(name: str, longest: int = 120) -> str:
    """Return a file's or person's name on one line, for people; long ones are cut with "…"."""
    name = (
        name.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if _odd(name) else name
    )
    name = clean(unicodedata.normalize("NFC", name), keep="").strip()
    return name if len(name) <= longest else name[: longest - 1] + "…"


def _odd(name: str) -> bool:
    """Tell whether a name holds bytes that the file system could not decode, and nothing worse."""
    return any("\udc80" <= c <= "\udcff" for c in name) and not any(
        "\ud800" <= c < "\udc80" or "\udcff" < c <= "\udfff" for c in name
    )


def digest_of(text: str, length: int = 8) -> str:
    """Return the start of the SHA-256 of a text that may hold lone surrogates."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def student_id(raw: str) -> str:
    """Return the id of a student from a folder's or file's name.

    Where the name had to be changed to be readable, a digest keeps two students apart.
    """
    name = readable(raw, LONGEST_ID)
    if name and name == unicodedata.normalize("NFC", raw):
        return name
    return f"{name or 'unnamed'}~{digest_of(raw)}"


def plain(name: str) -> str:
    """Return a name in small letters without accents."""
    name = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    return "".join(c for c in name if not unicodedata.combining(c))


def name_keys(name: str) -> set[str]:
    """Return the forms under which a person's name is looked up: its parts in any order, and the
    ways in which platforms join them ("ilicana").
    """
    parts = re.findall(r"[^\W_]+", plain(name))
    if not parts:
        return set()
    joined = {"".join(parts), "".join([parts[-1], *parts[:-1]]), "".join([*parts[1:], parts[0]])}
    return {" ".join(sorted(parts)), *joined}
