"""E-mail addresses as people bring them: cleaned, judged, and compared with those of the members."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lsnb.edits.problems import Misfit
from lsnb.edits.texts import Coded, Codes, Nearest, did_you_mean, tidy
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES

MAX_LENGTH = 254

# What needs no second look: plain letters, no stray dots. Everything else goes through `clean_address`.
_PLAIN = r"^[a-z0-9_%+&#$*/=?^~-]+(\.[a-z0-9_%+&#$*/=?^~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$"

_ANGLED = re.compile(r"^(?P<name>[^<>]*)<\s*(?P<address>[^<>]*)>?[\s.,;:]*$")
_DOMAIN_PART = re.compile(r"^(?!-)[\w-]{1,63}(?<!-)$")
_ADDRESS_IN_TEXT = re.compile(r"[^\s<>,;:\"()\[\]]+@[^\s<>,;:\"()\[\]]+")
_QUOTES = "\"'\u2018\u2019\u201c\u201d\u00ab\u00bb"


@dataclass(frozen=True, slots=True)
class Addresses:
    """A column of addresses, cleaned.

    Args:
        codes: per row, the place of its address in `values`; negative where it is not one.
        values: the distinct addresses, in lower case.
        misfits: what is wrong, by the place of the text in the column that was read.
    """

    codes: Codes
    values: list[str]
    misfits: dict[int, Misfit]


def clean_address(text: str) -> tuple[str, str]:
    """Take an address out of what surrounds it when it is copied: `Dana Lee <Dana@Example.com>;`.

    Returns:
        The address in lower case, and the person's name where it stood beside it. The address may still be wrong.
    """
    text = tidy(text)
    name = ""
    angled = _ANGLED.match(text)
    if angled:
        text, name = angled["address"], angled["name"].strip(f" ,;:{_QUOTES}")
    text = re.sub(r"^mailto:", "", text.strip(f" <>()[],;:{_QUOTES}"), flags=re.IGNORECASE)
    text = re.sub(r"\?(?:subject|body|cc|bcc)=.*$", "", text, flags=re.IGNORECASE)
    return text.strip(f" <>()[].,;:{_QUOTES}").lower(), name


def fault_of(address: str) -> str:
    """Tell what is wrong with an address, as a sentence; nothing when it can be one."""
    local, at, domain = address.rpartition("@")
    if not address:
        return "The address is empty."
    if len(_ADDRESS_IN_TEXT.findall(address)) > 1:
        return "There is more than one address in the cell."
    if not at:
        return "An address has an @ in it."
    if any(not mark.isprintable() or mark.isspace() for mark in address):
        return "There is a blank inside the address."
    if "@" in local or not local or not domain:
        return "An address has something on both sides of one @."
    if len(address) > MAX_LENGTH:
        return f"The address has {len(address)} characters; {MAX_LENGTH} is the most that mail allows."
    if ".." in address or local.startswith(".") or local.endswith("."):
        return "There is a dot too many in the address."
    if any(mark in '<>()[],;:"\\' for mark in address):
        return "There is a mark in the address that cannot be in one."
    if "." not in domain:
        return f"The domain {domain!r} has no dot in it."
    if not all(_DOMAIN_PART.match(part) for part in domain.split(".")):
        return f"{domain!r} is no domain."
    return ""


def mended(address: str) -> list[str]:
    """List what may be meant by a wrong address; nothing when it cannot be told."""
    guess = re.sub(r"\s*[(\[]\s*at\s*[)\]]\s*|\s+at\s+", "@", address)
    guess = re.sub(r"\s*[(\[]\s*dot\s*[)\]]\s*|\s+dot\s+", ".", guess)
    guess = re.sub(r"@+", "@", re.sub(r"\.{2,}", ".", re.sub(r"\s+", "", guess)))
    local, _, domain = guess.rpartition("@")
    guesses = [f"{local.strip('.')}@{re.sub('[,;:]', '.', domain).strip('.')}", *_ADDRESS_IN_TEXT.findall(address)]
    return [guess for guess in dict.fromkeys(guesses) if guess != address and not fault_of(guess)]


def _hint(address: str) -> str:
    """Say what to do about an address when nothing near it is known."""
    return "Write it as name@example.com." if address else "Write the person's address, or take the row out."


def read_addresses(column: Coded, known: pa.Array, *, name: str = "email") -> Addresses:
    """Clean and judge a column of addresses.

    Args:
        column: the column.
        known: the addresses in the organization. They are accepted whatever they look like, since self-hosted
            installations have such as `admin@localhost`.
        name: the column's name, for the problems.
    """
    texts = pa.array(column.values, pa.string())
    lowered = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    is_good = pc.or_(pc.match_substring_regex(lowered, _PLAIN), pc.is_in(lowered, value_set=known))
    is_good = pc.and_(is_good, pc.less_equal(pc.utf8_length(lowered), MAX_LENGTH))
    cleaned = np.asarray(lowered.to_pandas(), dtype=object)
    misfits: dict[int, Misfit] = {}
    others = pc.indices_nonzero(pc.invert(is_good)).to_pylist()
    members = frozenset(known.to_pylist()) if others else frozenset()
    nearest = Nearest(sorted(members), budget=20) if others else None
    for code in others:
        address, _ = clean_address(column.values[code])
        reason = "" if address in members else fault_of(address)
        cleaned[code] = address
        if reason:
            near = sorted(mended(address), key=lambda guess: guess not in members)
            near = near or (nearest.find(address, n=1) if nearest and address else [])
            several = reason.startswith("There is more")
            hint = "Write one row for each person." if several else did_you_mean(near) or _hint(address)
            misfits[code] = Misfit(name, reason, hint)
    cleaned[list(misfits)] = None
    codes, values = pd.factorize(cleaned)
    return Addresses(codes.astype(np.int64)[column.codes], [str(value) for value in values], misfits)


def known_addresses(snapshot: Snapshot) -> pa.Array:
    """List the addresses of everybody in the organization, also of people who have not joined; each once."""
    parts = [snapshot.table(name)["email"] for name in ("members", "invites", "access") if snapshot.is_readable(name)]
    if not parts:
        return pa.array([], pa.string())
    return pc.unique(pa.array(pd.concat(parts, ignore_index=True), pa.string(), from_pandas=True).drop_null())


def similar_members(rows: pd.DataFrame, snapshot: Snapshot) -> pd.DataFrame:
    """Find new addresses that are one slip away from the address of somebody who is there already.

    Such an address may be right: these are warnings, for the person who knows. A slip is one letter too many, missing,
    another, or two letters changed round, before an @ with the same domain behind it.

    Args:
        rows: the rows of `Edits`.
        snapshot: the organization.

    Returns:
        One row per new address and member: row, email, similar (the member's address), message.
    """
    known = known_addresses(snapshot)
    first = rows.drop_duplicates("email")[["row", "email"]]
    is_new = np.asarray(~first["email"].isin(known.to_pandas()), dtype=bool)
    new = first[is_new]
    by_domain = _by_domain(known.to_pylist(), {email.rpartition("@")[2] for email in new["email"]})
    found = [
        (row, email, f"{local}@{domain}")
        for row, email in zip(new["row"].tolist(), new["email"].tolist(), strict=True)
        for own, _, domain in [email.rpartition("@")]
        for local in sorted({hit for form in _shortened(own) for hit in by_domain[domain].get(form, ())})
        if len(own) > 3 and _is_one_slip(own, local)
    ]
    messages = [
        f"{email} is new here, and differs by one letter from {member}, who is here already"
        for _, email, member in found
    ]
    texts = {"email": [f[1] for f in found], "similar": [f[2] for f in found], "message": messages}
    return pd.DataFrame(
        {"row": pd.Series([f[0] for f in found], dtype=DTYPES["count"])}
        | {name: pd.Series(values, dtype=DTYPES["text"]) for name, values in texts.items()}
    )


def _by_domain(addresses: list[str], domains: set[str]) -> dict[str, dict[str, list[str]]]:
    """File what stands before the @ under itself and under itself without each of its letters, by domain."""
    index: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for address in addresses if domains else ():
        local, _, domain = address.rpartition("@")
        if domain in domains and len(local) > 3:
            for form in _shortened(local):
                index[domain].setdefault(form, []).append(local)
    return index


def _shortened(text: str) -> Iterator[str]:
    """Yield a text, and it without each of its letters: two texts one slip apart have one of these in common."""
    yield text
    for index in range(len(text)):
        yield text[:index] + text[index + 1 :]


def _is_one_slip(left: str, right: str) -> bool:
    """Tell whether one letter is too many, missing or another, or two neighbours are changed round."""
    if left == right or abs(len(left) - len(right)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    a, b = left[start:], right[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])
