r"""Text that may be shown: it steers no terminal, pretends nothing, and holds no key.

Names, notes and messages come from strangers. What a terminal or a reader's eye would obey instead of show is written
out as an escape, such as `\x1b`; everything else, whatever the script, stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Flags of regions are made of a black flag and tags; tags anywhere else are hidden text.
_FLAG: Final = "\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"
# What joins or parts letters is needed within Persian, Indic scripts and emoji, and only hides between plain ones.
_JOINER: Final = "(?<=[^\x00-\x7f])[\u200c\u200d](?=[^\x00-\x7f])"
_HIDDEN: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters of both kinds, without tab and line feed
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # no width, other direction, lines
    "\U000e0000-\U000e007f\ud800-\udfff"  # tags, halves of letters
)
_STEERING: Final = re.compile(f"({_FLAG}|{_JOINER})|[{_HIDDEN}]")
_STEERING_LINE: Final = re.compile(f"({_FLAG}|{_JOINER})|[{_HIDDEN}\t\n]")

_BREAKS: Final = re.compile(r"[\s\u0085\u2028\u2029]+")

# Between the letters of a pasted key there may be what nobody sees, and line ends.
_INVISIBLE: Final = re.compile(f"[{_HIDDEN}]")
# After a line end or a space only what looks like the rest of a key belongs to it, and no word of the text around.
_REST: Final = r"\s+(?=[a-z_]*[0-9])\w{4,}"
_BEGINNING: Final = (
    r"(?:l\s*s\s*v\s*[0-9]\s*_\s*(?:[a-z]\s*){0,8}_|l\s*s\s*v\s*[0-9]\s*_(?=\s*[0-9a-f]{8})|(?<![a-z0-9])l\s*s\s*_\s*_)"
)
_KEY: Final = re.compile(rf"{_BEGINNING}(?:\w+|{_REST})(?:{_REST})*", re.IGNORECASE)
# One letter, or the escape of one that a message shows in quotes.
_UNIT: Final = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt])|.", re.DOTALL | re.IGNORECASE)
_LINE_ENDS: Final = frozenset("\r\n\u2028\u2029\x0b\x0c\x85") | {r"\n", r"\r", r"\t"}
_MAY_BE_KEY: Final = re.compile(r"[lL\uff2c\uff4c]")

KEY_REMOVED: Final = "(key removed)"


def visible(text: str) -> str:
    """Write out what would steer a terminal or mislead the eye; lines and tabs stay."""
    return text if text.isascii() and text.isprintable() else _STEERING.sub(_escaped, text)


def visible_line(text: str) -> str:
    """Write out what would steer a terminal or mislead the eye, and line ends too: one line stays one line."""
    return text if text.isascii() and text.isprintable() else _STEERING_LINE.sub(_escaped, text)


def marked(text: str, mark: str = "\ufffd") -> str:
    """Put one mark in place of each character that would steer a terminal or mislead the eye; lines and tabs stay."""
    return text if text.isascii() and text.isprintable() else _STEERING.sub(lambda found: found[1] or mark, text)


def one_line(text: str) -> str:
    """Make one line of a text, without what would steer a terminal or mislead the eye."""
    return " ".join(_STEERING.sub(lambda found: found[1] or "", _BREAKS.sub(" ", text)).split())


def without_keys(text: str, *, instead: str = KEY_REMOVED) -> str:
    """Take API keys out of a text, also those with invisible characters or line ends in the middle."""
    for start, end in reversed(_key_spans(text)):
        text = text[:start] + instead + text[end:]
    return text


def holds_key(text: str) -> bool:
    """Tell whether a text has an API key in it."""
    return bool(_key_spans(text))


def _escaped(match: re.Match[str]) -> str:
    if match[1]:
        return match[1]
    code = ord(match[0])
    if match[0] in "\t\n\r":
        return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}[match[0]]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _key_spans(text: str) -> list[tuple[int, int]]:
    """Find keys: where they begin and end in the text, invisible characters within them included."""
    if "_" not in text and "\uff3f" not in text and "\ufe33" not in text:
        return []
    if not _MAY_BE_KEY.search(text):
        return []
    plain, places = _plain(text)
    spans = []
    for match in _KEY.finditer(plain):
        end = match.end()
        spans.append((places[match.start()], places[end] if end < len(places) else len(text)))
    return spans


def _plain(text: str) -> tuple[str, range | list[int]]:
    """Give a text without what is invisible and in plain letters, with the place that each letter came from."""
    if text.isascii() and "\\" not in text and not _INVISIBLE.search(text):
        return text, range(len(text))
    letters: list[str] = []
    places: list[int] = []
    for unit in _UNIT.finditer(text):
        mark = unit[0]
        if mark in _LINE_ENDS:
            shown = "\n"
        elif len(mark) > 1 or _INVISIBLE.match(mark):
            continue
        else:
            shown = mark if mark.isascii() else unicodedata.normalize("NFKC", mark)
        letters.append(shown)
        places += [unit.start()] * len(shown)
    return "".join(letters), places
