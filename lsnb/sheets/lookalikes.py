"""Texts that look the same and are not: composed otherwise, in wide letters, with curly apostrophes, in another script."""

from __future__ import annotations

import unicodedata
from collections import defaultdict

import pyarrow as pa
import pyarrow.compute as pc

_APOSTROPHES = "\u2018\u2019\u201a\u201b\u02b9\u02bb\u02bc\u02bd\u02c8\u2032\u2035`\u00b4\u02ca\u02cb\u055a\u05f3\ua78c"
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\u30fb\u00b7"
_DOTS = "\u3002\uff61\u2024\u0701\u0702\u06d4"
# Small letters of other scripts, also those to which capitals fold, that are drawn like Latin ones.
_LETTERS = {
    "a": "\u0430\u03b1\u0251\u237a", "b": "\u0432\u03b2\u042c\u044c", "c": "\u0441\u03f2\u1d04", "d": "\u0501",
    "e": "\u0435\u03b5\u212e", "f": "\u0192", "g": "\u0261\u0581", "h": "\u04bb\u043d\u0570", "i": "\u0456\u0131\u03b9\u0269",
    "j": "\u0458\u03f3", "k": "\u043a\u03ba", "l": "\u04cf\u01c0\u0627", "m": "\u043c", "n": "\u03b7\u0578\u057c",
    "o": "\u043e\u03bf\u0585\u03c3\u1d0f", "p": "\u0440\u03c1", "q": "\u051b\u0566", "r": "\u0433", "s": "\u0455\ua731",
    "t": "\u0442\u03c4", "u": "\u03c5\u057d\u1d1c", "v": "\u03bd\u0475\u1d20", "w": "\u051d\u0461\u03c9\u1d21", "x": "\u0445\u03c7",
    "y": "\u0443\u03b3\u04af\u1d8c", "z": "\u1d22",
}  # fmt: skip
_SAME = str.maketrans(
    {
        **{mark: "'" for mark in _APOSTROPHES},
        **{mark: "-" for mark in _HYPHENS},
        **{mark: "." for mark in _DOTS},
        **{mark: letter for letter, marks in _LETTERS.items() for mark in marks},
    }
)


def skeleton(text: str) -> str:
    """Give what a tidied text looks like: two texts with the same skeleton can be told apart only with effort."""
    if text.isascii():
        return text.lower().translate(_SAME)
    plain = unicodedata.normalize("NFKC", text.casefold())
    return unicodedata.normalize("NFC", plain.casefold().translate(_SAME))


def address_skeleton(address: str) -> str:
    """Give what an address looks like, with the domain as browsers show it: `xn--` names are written out."""
    looks = skeleton(address)
    if "xn--" not in looks:
        return looks
    local, at, domain = looks.rpartition("@")
    return f"{local}{at}{'.'.join(skeleton(_written_out(label)) for label in domain.split('.'))}"


def _written_out(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label


class Lookalikes:
    """The addresses of an organization by what they are and by what they look like.

    Args:
        known: the addresses.
    """

    def __init__(self, known: pa.Array) -> None:
        self._known = known
        is_odd = pc.invert(pc.string_is_ascii(known)) if len(known) else pa.array([], pa.bool_())
        is_odd = pc.or_(is_odd, pc.match_substring(known, "xn--")) if len(known) else is_odd
        odd = known.filter(is_odd).to_pylist()
        #: The looks of members whose addresses are not in plain letters; only these can be mistaken in plain letters.
        self.odd_looks = pa.array(sorted({address_skeleton(address) for address in odd}), pa.string())
        self._composed: dict[str, list[str]] = defaultdict(list)
        for address in odd:
            self._composed[unicodedata.normalize("NFC", address)].append(address)
        self._looks: dict[str, list[str]] | None = None

    def same(self, address: str) -> str | None:
        """Find the address that is the same but for how its accents are composed; None where there is none or several."""
        found = self._composed.get(unicodedata.normalize("NFC", address), [])
        return found[0] if len(found) == 1 else None

    def alike(self, address: str) -> list[str]:
        """List the addresses that look the same."""
        if self._looks is None:
            self._looks = defaultdict(list)
            for known in self._known.to_pylist():
                self._looks[address_skeleton(known)].append(known)
        return [known for known in self._looks.get(address_skeleton(address), []) if known != address]

    def reason(self, address: str, alike: str) -> str:
        """Say in what an address differs from one that looks the same."""
        odd = next((mark for mark in address if mark not in alike), "")
        other = next((mark for mark in alike if mark not in address), "")
        named = unicodedata.name(odd or other, "").lower() if odd or other else ""
        what = f", with {odd or other!r} ({named})" if named and not (odd or other).isalnum() else ""
        what = what or (f", with the letter {odd!r} ({named})" if odd and named else "")
        return f"It looks the same as the address of somebody who is here, and is another one{what}."
