"""E-mail addresses as people bring them: cleaned, judged, and compared with those of the members."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lsnb.sheets.lookalikes import Lookalikes
from lsnb.sheets.near import NearAddresses, is_one_slip, shortened, shortened_forms
from lsnb.sheets.problems import CellProblem
from lsnb.sheets.text_normalize import Coded, Codes, did_you_mean, tidy
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES

#: What mail can carry (RFC 5321), in octets: the whole address, what stands before the @, and the domain.
MAX_LENGTH, MAX_LOCAL, MAX_DOMAIN = 254, 64, 255

# What needs no second look: plain letters, no stray dots. Everything else goes through `clean_address`.
_PLAIN = r"^[a-z0-9_%+&#$*/=?^~-]+(\.[a-z0-9_%+&#$*/=?^~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$"

# Too long before the @ or in a part of the domain, or a domain in other letters than it shows.
_DOUBTFUL = r"^[^@]{65,}@|@.*[^.@]{64,}|xn--"

_ANGLED = re.compile(r"^(?P<name>[^<>]*)<\s*(?P<address>[^<>]*)>?[\s.,;:]*$")
_DOMAIN_PART = re.compile(r"^(?!-)[\w-]{1,63}(?<!-)$")
_ADDRESS_IN_TEXT = re.compile(r"[^\s<>,;:\"()\[\]]+@[^\s<>,;:\"()\[\]]+")
_QUERY = re.compile(r"(?:to|cc|bcc|subject|body)=", re.IGNORECASE)
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
    misfits: dict[int, CellProblem]


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
    text = text.strip(f" <>()[].,;:{_QUOTES}")
    address, mark, query = text.partition("?")
    if mark and _QUERY.match(query):
        # Whom a link copies is somebody else, and not to be dropped.
        more = _ADDRESS_IN_TEXT.findall(unquote(query).replace("=", " ").replace("&", " "))
        text = ", ".join([address, *more])
    return unicodedata.normalize("NFC", text.strip(f" <>()[].,;:{_QUOTES}").lower()), name


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
    for text, most, what in (
        (address, MAX_LENGTH, "The address"),
        (local, MAX_LOCAL, "What stands before the @"),
        (domain, MAX_DOMAIN, "The domain"),
    ):
        size = len(text.encode("utf-8", "replace"))
        if size > most:
            unit = "characters" if text.isascii() else "bytes"
            return f"{what} has {size} {unit}; {most} is the most that mail allows."
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
    lookalikes = Lookalikes(known)
    is_known = pc.is_in(lowered, value_set=known)
    # Plain letters may still be too many, or look like somebody whose address is not in plain letters.
    is_doubtful = pc.match_substring_regex(lowered, _DOUBTFUL)
    is_doubtful = pc.or_(is_doubtful, pc.is_in(lowered, value_set=lookalikes.odd_looks))
    is_good = pc.and_(is_good, pc.or_(is_known, pc.invert(is_doubtful)))
    cleaned = np.asarray(lowered.to_pandas(), dtype=object)
    misfits: dict[int, CellProblem] = {}
    others = pc.indices_nonzero(pc.invert(is_good)).to_pylist()
    members = frozenset(known.to_pylist()) if others else frozenset()
    nearest = NearAddresses(sorted(members), budget=20) if others else None
    for code in others:
        address, _ = clean_address(column.values[code])
        address = address if address in members else lookalikes.same(address) or address
        cleaned[code] = address
        if address in members:
            continue
        alike = lookalikes.alike(address)
        if alike:
            misfits[code] = CellProblem(name, lookalikes.reason(address, alike[0]), did_you_mean(alike[:3]))
            continue
        reason = fault_of(address)
        if reason:
            guesses = mended(address)
            near = [guess for guess in guesses if guess in members]
            near = near or (nearest.near(address)[:1] if nearest and address else []) or guesses
            several = reason.startswith("There is more")
            hint = "Write one row for each person." if several else did_you_mean(near) or _hint(address)
            misfits[code] = CellProblem(name, reason, hint)
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
    names: dict[str, list[str]] = defaultdict(list)
    domains = {email.rpartition("@")[2] for email in new["email"]}
    for address in known.to_pylist() if domains else ():
        name, _, place = address.rpartition("@")
        if place in domains:
            names[place].append(name)
    by_domain = {place: shortened_forms(found) for place, found in names.items()}
    found = [
        (row, email, f"{local}@{domain}")
        for row, email in zip(new["row"].tolist(), new["email"].tolist(), strict=True)
        for own, _, domain in [email.rpartition("@")]
        for local in sorted({hit for form in shortened(own) for hit in by_domain.get(domain, {}).get(form, ())})
        if len(own) > 3 and is_one_slip(own, local)
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
