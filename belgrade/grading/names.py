"""Names that come from outside: made readable for people, and alike for matching."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

LONGEST_ID = 100
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # part of how some languages are written
_LETTERS = str.maketrans({"đ": "d", "ð": "d", "ł": "l", "ø": "o", "ı": "i", "ß": "ss", "æ": "ae"})
# Cyrillic as it is written in Latin letters: in Serbia; in English; in Russian passports.
_LETTER_BY_LETTER = "абвгдежзијклмнопрстћуфхцчшыэіґ", "abvgdezzijklmnoprstcufhccsyeig"
_SERBIAN = dict(zip(*_LETTER_BY_LETTER, strict=True))
_SERBIAN |= {"ђ": "đ", "љ": "lj", "њ": "nj", "џ": "dz", "й": "j", "щ": "sc", "ъ": "", "ь": ""}
_SERBIAN |= {"ю": "ju", "я": "ja", "ё": "e"}
_ENGLISH = {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "й": "y"}
_ENGLISH |= {"ю": "yu", "я": "ya"}
_PASSPORT = {"й": "i", "ю": "iu", "я": "ia"}
_WAYS = [str.maketrans(_SERBIAN | more) for more in ({}, _ENGLISH, _ENGLISH | _PASSPORT)]


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
    if re.search("[\udc80-\udcff]", name) and not re.search("[\ud800-\udc7f\udd00-\udfff]", name):
        # Bytes that the file system could not decode.
        name = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    name = clean(unicodedata.normalize("NFC", name), keep="").strip()
    return name if len(name) <= longest else name[: longest - 1] + "…"


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


def fold(name: str) -> str:
    """Return a name in small letters without accents."""
    name = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    return "".join(c for c in name if not unicodedata.combining(c))


@lru_cache(maxsize=100_000)
def name_keys(name: str, exact: bool = False) -> frozenset[str]:
    """Return the forms under which a person's name is looked up: its parts in any order, and the
    ways in which platforms join them ("ilicana").

    They are the same for Cyrillic and Latin spellings, with đ as d and as dj; or, if `exact`, for
    one spelling only.
    """
    name = unicodedata.normalize("NFC", name.casefold())
    spelt = {name}
    if not exact:
        latin = {name.translate(way) for way in _WAYS}
        spelt = {fold(n.replace("đ", d)) for n in latin for d in ("d", "dj")}
    keys: set[str] = set()
    for one in spelt:
        if parts := re.findall(r"[^\W_]+", one):
            keys |= {" ".join(sorted(parts)), "".join(parts)}
            keys |= {"".join([parts[-1], *parts[:-1]]), "".join([*parts[1:], parts[0]])}
    return frozenset(keys)


def sorted_parts(name: str) -> str:
    """Return the parts of a person's name, in Latin letters without accents, in order."""
    return " ".join(sorted(re.findall(r"[^\W_]+", fold(name.casefold().translate(_WAYS[0])))))


def holds_name(longer: str, name: str) -> bool:
    """Tell whether all parts of a person's name stand in a text, in one of its spellings."""
    texts = [set(key.split()) for key in name_keys(longer)]
    return any(set(key.split()) <= parts for key in name_keys(name) for parts in texts)
