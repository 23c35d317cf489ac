"""Say what everything is called in a copy: as it is, or by an invention that is always the same."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from lsnb.sandbox.copies.words import DOMAIN_ENDS, DOMAIN_STARTS, FIRST_NAMES, LAST_NAMES
from lsnb.sandbox.ids import make_id
from lsnb.sandbox.plans import CONFIG_DEFAULTS
from lsnb.sandbox.rules.operations import READS, WRITES

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_TIER = re.compile(r"(no_plan|free|developer|plus|startup|partner|premier|enterprise)(_legacy)?(_\d+)*")
# Parts of a path that name no one: those of the service's own routes, and a few that the audit log also knows.
_LOGGED_WORDS = (
    "api v1 v2 annotation-queues charts commits datasets examples login projects prompts repos runs sessions"
)
_ROUTE_WORDS = {part for _, route in (*WRITES, *READS) for part in route.split("/") if "{" not in part}
_ROUTE_WORDS |= set(_LOGGED_WORDS.split())
# Settings whose text says nothing about anybody.
_OPEN_SETTINGS = ("scim_group_name_separator",)
_GROUP_CLAIMS = ("groups", "group", "roles", "memberOf")


class Names:
    """Leave everything as it is called; what a snapshot does not name gets an id that is always the same."""

    has_pseudonyms = False

    def __init__(self, organization_id: str) -> None:
        self._organization_id = organization_id

    def make(self, *parts: object) -> str:
        """Return the id of something that the snapshot gives none."""
        return make_id("copy", self._organization_id, *parts)

    def id(self, real: str) -> str:
        """Return the id of something."""
        return real

    def email(self, real: str) -> str:
        """Return somebody's address."""
        return real

    def person(self, email: str, real: str | None) -> str:
        """Return the name of somebody, who is known by the address."""
        return real or ""

    def numbered(self, kind: str, number: int, real: str) -> str:
        """Return the name of a workspace or a role."""
        return real

    def label(self, kind: str, real: str | None) -> str:
        """Return a name or description that somebody wrote."""
        return real or ""

    def short_key(self, prefix: str, real: str | None) -> str:
        """Return the part of a key that may be shown."""
        return real or ""

    def organization(self, real: str) -> str:
        """Return the organization's name."""
        return real

    def order(self, real: str) -> str:
        """Return what things without a time are numbered by."""
        return real

    def url(self, real: str | None) -> str | None:
        """Return an address of a page or a file."""
        return real

    def claim(self, real: str) -> str:
        """Return the claim that carries the groups."""
        return real

    def pattern(self, kind: str, real: str | None) -> str | None:
        """Return what a condition of a policy compares, in which `*` stands for anything."""
        return real

    def ip(self, real: str | None) -> str | None:
        """Return the address of a caller."""
        return real

    def path(self, real: str | None) -> str:
        """Return the path of a call."""
        return real or ""

    def setting(self, name: str, value: Any) -> Any:
        """Return the value of a setting."""
        return value

    def feature(self, name: str, value: Any) -> Any:
        """Return the value of a feature of the plan."""
        return value


class Pseudonyms(Names):
    """Invent names from a keyed hash: who has the copy but not the salt cannot try names out.

    Without a salt the key is made of the snapshot's own contents, which a stranger does not have either.
    """

    has_pseudonyms = True

    def __init__(self, salt: str, real_texts: Iterable[str]) -> None:
        real = sorted(real_texts)
        self._key = hashlib.sha256(salt.encode() if salt else "\n".join(real).encode()).digest()
        self._taken = {text.casefold() for text in real}
        self._taken |= {text.casefold().rpartition("@")[2] for text in real if "@" in text}
        self._ids: dict[str, str] = {}
        self._people: dict[str, tuple[str, str]] = {}
        """Real address to the invented one, and the invented name."""
        self._domains: dict[str, str] = {}

    def _digest(self, *parts: object) -> bytes:
        return hmac.digest(self._key, "\0".join(map(str, parts)).encode(), "sha256")

    def _number(self, *parts: object) -> int:
        return int.from_bytes(self._digest(*parts)[:8], "big")

    def make(self, *parts: object) -> str:
        """Return a version 4 UUID in form."""
        text = self._digest("id", *parts).hex()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[int(text[16], 16) & 3]}{text[17:20]}-{text[20:32]}"

    def id(self, real: str) -> str:
        """Return the UUID that stands for another id."""
        if real not in self._ids:
            self._ids[real] = self.make("real", real.lower())
        return self._ids[real]

    def email(self, real: str) -> str:
        """Return an invented address; addresses of one domain stay together, and `+` something stays beside its own."""
        return self._invent_person(real)[0] if real else ""

    def person(self, email: str, real: str | None) -> str:
        """Return the invented name that belongs to the address, also where only the address was real."""
        return self._invent_person(email)[1]

    def _invent_person(self, email: str) -> tuple[str, str]:
        real = email.strip().lower()
        if real not in self._people:
            self._people[real] = self._choose_person(real)
        return self._people[real]

    def _choose_person(self, real: str) -> tuple[str, str]:
        local, _, domain = real.partition("@")
        base, plus, _ = local.partition("+")
        if plus and base:
            address, name = self._invent_person(f"{base}@{domain}")
            alias = address.replace("@", f"+{self._digest('alias', real).hex()[:4]}@")
            return alias, name
        place = self._invent_domain(domain)
        attempt = 0
        while True:
            number = self._number("person", attempt, real)
            first = FIRST_NAMES[number % len(FIRST_NAMES)]
            last = LAST_NAMES[number // len(FIRST_NAMES) % len(LAST_NAMES)]
            # The words run out in a large organization; names may then repeat, addresses never.
            tail = f"-{number % 99991}" if attempt > 3 else ""
            name, address = f"{first} {last}", f"{first}.{last}{tail}@{place}".lower()
            if address not in self._taken and name.casefold() not in self._taken:
                self._taken.add(address)
                return address, name
            attempt += 1

    def _invent_domain(self, real: str) -> str:
        attempt = 0
        while real not in self._domains:
            number = self._number("domain", attempt, real)
            words = DOMAIN_STARTS[number % len(DOMAIN_STARTS)] + DOMAIN_ENDS[number // 1000 % len(DOMAIN_ENDS)]
            invented = f"{words}{f'-{number % 9973}' if attempt > 3 else ''}.example"
            if invented not in self._taken:
                self._taken.add(invented)
                self._domains[real] = invented
            attempt += 1
        return self._domains[real]

    def numbered(self, kind: str, number: int, real: str) -> str:
        """Return `Workspace 7`."""
        return f"{kind} {number}"

    def label(self, kind: str, real: str | None) -> str:
        """Return `Key 3f9a1c`, the same for the same text; nothing stays nothing, since that may be a finding."""
        return f"{kind} {self._digest(kind, real).hex()[:6]}" if real else ""

    def short_key(self, prefix: str, real: str | None) -> str:
        """Return an invented end behind the prefix of the kind."""
        return f"{prefix}...{self._digest('short', real).hex()[:6]}" if real else ""

    def organization(self, real: str) -> str:
        """Return a name that says what this is."""
        return "Copied Organization"

    def order(self, real: str) -> str:
        """Return a hash, so that numbers tell nothing about names."""
        return self._digest("order", real).hex()

    def url(self, real: str | None) -> str | None:
        """Return an address with an invented host and nothing else."""
        return f"https://idp.{self._invent_domain(urlsplit(real).netloc or real)}/metadata" if real else None

    def claim(self, real: str) -> str:
        """Return one of the usual claims; another may be a company's own."""
        return real if real in _GROUP_CLAIMS else "groups"

    def pattern(self, kind: str, real: str | None) -> str | None:
        """Return an invention between the same stars."""
        if not real:
            return real
        pieces = (f"{kind}-{self._digest(kind, p.casefold()).hex()[:6]}" if p else "" for p in real.split("*"))
        return "*".join(pieces)

    def ip(self, real: str | None) -> str | None:
        """Return an address of the range for measurements, which nobody has."""
        if not real:
            return None
        number = self._number("ip", real)
        return f"198.{18 + (number >> 16) % 2}.{number >> 8 & 255}.{number & 255}"

    def path(self, real: str | None) -> str:
        """Return a path with the words of routes, other ids, and `x` for the rest."""
        parts = (real or "").partition("?")[0].split("/")
        return "/".join(self.id(p) if _UUID.fullmatch(p) else p if p in _ROUTE_WORDS or not p else "x" for p in parts)

    def setting(self, name: str, value: Any) -> Any:
        """Return numbers, switches and known words as they are; other text is invented."""
        if name in _OPEN_SETTINGS:
            return value
        if name == "ip_allowlist" and isinstance(value, list):
            return [self._invent_network(str(entry)) for entry in value]
        if name == "tier":
            return value if _TIER.fullmatch(str(value)) else "enterprise"
        return self._scrub(value)

    def feature(self, name: str, value: Any) -> Any:
        """Return what a plan offers; the name of a plan may be that of a customer."""
        if name == "plan_tier" and value is not None:
            return self.setting("tier", value)
        return value if name in CONFIG_DEFAULTS else self._scrub(value)

    def _scrub(self, value: Any) -> Any:
        if isinstance(value, str) and value:
            return self.email(value) if "@" in value else self.label("text", value).replace(" ", "-")
        if isinstance(value, list):
            return [self._scrub(item) for item in value]
        # The keys of an unknown setting may be names as well.
        return (
            {self._scrub(key): self._scrub(item) for key, item in value.items()} if isinstance(value, dict) else value
        )

    def _invent_network(self, real: str) -> str:
        """Return a network as wide as the real one; loopback and `everywhere` are nobody's and stay."""
        try:
            network = ip_network(real, strict=False)
        except ValueError:
            return str(self.ip(real))
        if network.is_loopback or network.prefixlen == 0:
            return real
        number = self._number("network", network)
        address = (198 << 24) + (18 << 16) + number % (1 << 17)
        if network.version == 6:
            address = (0x20010DB8 << 96) + number
            return str(ip_network((address, network.prefixlen), strict=False))
        invented = ip_network((address, network.prefixlen), strict=False)
        return str(invented if "/" in real else ip_address(address))
