"""Make identifiers, demo secrets and times that are the same on every run."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

_NAMESPACE = UUID("5b1f0c52-6a0e-5d5c-9c0a-1a5c0e5a7d11").bytes
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def make_id(*parts: object) -> str:
    """Return the version 5 UUID of a name, spelled out here because `uuid.uuid5` costs three times as much."""
    digest = hashlib.sha1(_NAMESPACE + "/".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def is_id(text: str) -> bool:
    """Tell whether a text is a UUID."""
    return _UUID.fullmatch(text) is not None


def make_demo_secret(prefix: str, organization_id: str, name: str) -> str:
    """Return the fixed secret of an organization's demo key; everybody may know it, so it says `demo` up front."""
    digest = hashlib.sha256(f"demo key {name} of {organization_id}".encode()).hexdigest()
    return f"{prefix}demo{digest[:28]}_{digest[28:38]}"


@cache
def make_hash(secret: str) -> str:
    """Return what the state keeps of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make_short_key(secret: str) -> str:
    """Return the recognisable ends of a key, such as `lsv2_pt_...1a2b`."""
    return f"{secret[:8]}...{secret[-4:]}"


def make_stamp(moment: datetime) -> str:
    """Return a UTC time as text of one fixed width, so that texts sort as times do."""
    return to_utc(moment).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


def to_utc(moment: datetime) -> datetime:
    """Return a time in UTC; one without a zone is taken as UTC, never as this machine's."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_stamp(text: str) -> datetime:
    """Return the UTC time that an ISO 8601 text means; a text without a zone is taken as UTC."""
    return to_utc(datetime.fromisoformat(text))
