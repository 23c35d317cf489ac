"""What a key is and may do, found out in a handful of calls, before anything fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from lsnb.errors import (
    ApiError,
    AuthError,
    GatewayError,
    NotFoundError,
    PermissionDeniedError,
    WrongRegionError,
)
from lsnb.errors.safe_text import visible_line
from lsnb.report.page_shell import render_report
from lsnb.report.text_table import frame_to_text, pad, width_of
from lsnb.service.config import REGIONS
from lsnb.service.identity import identify_if_possible
from lsnb.snapshot import Caller

if TYPE_CHECKING:
    from lsnb.service.api import Api

Answer = Literal["yes", "no", "partly", "unknown"]

_INFO = "GET /orgs/current/info"
#: Features of the plan: the words for people, and the flag in the organization's info.
FEATURES: dict[str, str] = {
    "roles (RBAC)": "can_use_rbac",
    "access policies (ABAC)": "can_use_abac",
    "audit log": "can_use_audit_logs",
    "single sign-on (SSO)": "can_use_saml_sso",
    "inviting people": "can_add_seats",
    "usage by person": "enable_granular_usage_reporting",
    "longest life of keys": "can_set_api_key_max_expiry",
    "switching off public sharing": "can_disable_public_sharing",
    "list of allowed addresses": "ip_allowlist_enabled",
}
# What the organization's plan must offer for a part to be there.
_GATES = {
    "sso": "can_use_saml_sso",
    "scim_tokens": "can_use_saml_sso",
    "policies": "can_use_abac",
    "audit_log": "can_use_audit_logs",
    "usage": "enable_granular_usage_reporting",
}
_READ_ONLY = {"permissions", "usage", "audit_log"}
_PARTS = (
    "members",
    "invites",
    "access",
    "workspaces",
    "roles",
    "permissions",
    "service_keys",
    "access_tokens",
    "service_accounts",
    "settings",
    "sso",
    "scim_tokens",
    "policies",
    "shared_links",
    "usage",
    "audit_log",
)
_OF_WORKSPACES = {"members", "invites", "access", "workspaces", "service_keys", "shared_links"}


@dataclass(frozen=True, slots=True)
class Whoami:
    """What a key is, where it belongs, and what it may do.

    Args:
        host: the host of the service.
        server_version: the server's version; None where it does not say.
        organization: the organization's name; None for keys of single workspaces.
        organization_id: the organization's id, where it is known.
        plan: the plan's name, where it is known.
        is_personal: whether it is a personal organization.
        key_kind: "personal access token", "organization-wide service key", "workspace service key" or "key".
        key_hint: the part of the key that may be shown.
        key_source: where the key was found.
        caller: who the key acts for.
        workspaces: the workspaces that the key sees, with the caller's role in each.
        permissions: the caller's permissions in the organization.
        parts: one row per part: part, can_read, can_write, known_from.
        features: one row per feature of the plan: feature, is_offered, known_from.
        notes: what to know before going on, in plain sentences.
        n_requests: how many calls it took.
        policy: which policy plans are held to, and where it was found, in words; empty where nobody looked.
    """

    host: str
    server_version: str | None
    organization: str | None
    organization_id: str | None
    plan: str | None
    is_personal: bool
    key_kind: str
    key_hint: str
    key_source: str
    caller: Caller
    workspaces: Mapping[str, str | None]
    permissions: tuple[str, ...]
    parts: pd.DataFrame = field(repr=False)
    features: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...]
    n_requests: int
    policy: str = ""

    @property
    def can_manage(self) -> bool:
        """Whether the key may change the organization."""
        return "organization:manage" in self.permissions

    def to_dict(self) -> dict[str, Any]:
        """Give all of it as plain data, as `lsnb whoami --json` prints it."""
        return {
            "host": self.host,
            "server_version": self.server_version,
            "organization": self.organization,
            "organization_id": self.organization_id,
            "plan": self.plan,
            "is_personal": self.is_personal,
            "key": {"kind": self.key_kind, "hint": self.key_hint, "source": self.key_source},
            "acts_for": self.caller.name,
            "email": self.caller.email,
            "organization_role": self.caller.role,
            "can_manage": self.can_manage,
            "workspaces": dict(self.workspaces),
            "permissions": list(self.permissions),
            "parts": self.parts.to_dict("records"),
            "features": self.features.to_dict("records"),
            "policy": self.policy,
            "notes": list(self.notes),
            "n_requests": self.n_requests,
        }

    def facts(self) -> list[tuple[str, str]]:
        """Give the summary as pairs of words and values."""
        version = f", version {self.server_version}" if self.server_version else ""
        places = [f"{name} ({role})" if role else name for name, role in self.workspaces.items()]
        shown = ", ".join(places[:8]) + (f" and {len(places) - 8} more" if len(places) > 8 else "")
        pairs = [
            ("host", f"{self.host}{version}"),
            ("organization", self.organization or "unknown to this key"),
            ("plan", self.plan or "unknown"),
            ("key", f"{self.key_kind} {self.key_hint}, from {self.key_source}"),
            ("acts for", self.caller.name),
            ("organization role", self.caller.role or "unknown"),
            ("workspaces", f"{len(places)}: {shown}" if places else "none that this key sees"),
        ]
        if self.policy:
            pairs.append(("policy", self.policy))
        offered = self.features.loc[self.features["is_offered"] == "yes", "feature"]
        lacking = self.features.loc[self.features["is_offered"] == "no", "feature"]
        if len(self.features):
            pairs.append(("the plan offers", ", ".join(offered) or "none of the features that matter here"))
            pairs.append(("the plan lacks", ", ".join(lacking) or "nothing that matters here"))
        return [(name, visible_line(value)) for name, value in pairs]

    def __str__(self) -> str:
        width = max(width_of(name) for name, _ in self.facts())
        lines = [f"{pad(name, width)}  {value}" for name, value in self.facts()]
        lines += ["", frame_to_text(self.parts)]
        lines += [f"\nNote: {visible_line(note)}" for note in self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return render_report(
            "whoami",
            notes=self.notes,
            pairs=self.facts(),
            header=[name.replace("_", " ") for name in self.parts.columns],
            rows=list(self.parts.itertuples(index=False, name=None)),
        )


def ask_whoami(api: Api) -> Whoami:
    """Find out what a key is and may do, in at most six calls; a few more where the service hides whose key it is.

    Args:
        api: the service.

    Raises:
        AuthError: the key is unknown, expired or revoked.
        GatewayError: a proxy or firewall in front of the service refuses.
        WrongRegionError: the host knows nothing of the key in any way; it probably belongs to another region.
        TransportError: no answer came.
    """
    key = api.transport.settings.key
    before = api.transport.n_requests
    with ThreadPoolExecutor(2) as threads:
        # The server's version goes without the key; all that follows names the organization, which the info tells.
        version = threads.submit(_attempt, lambda: api.get_server_info(retry=False))
        info = _attempt(api.get_organization_info)
        if isinstance(info, AuthError | GatewayError):
            raise info
        found = {"server": version.result(), "info": info, "workspaces": _attempt(api.list_workspaces)}
    if isinstance(found["workspaces"], PermissionDeniedError) and not isinstance(found["workspaces"], GatewayError):
        # A key of single workspaces cannot list them; the one it was made in tells its name.
        own = _attempt(api.get_workspace)
        found["workspaces"] = [own] if isinstance(own, dict) else found["workspaces"]
    _raise_what_is_hopeless(found, api)
    info = found["info"] if isinstance(found["info"], dict) else {}
    places = found["workspaces"] if isinstance(found["workspaces"], list) else []
    seen = [str(place["id"]) for place in places]
    caller = identify_if_possible(api, key, workspace_id=seen[0] if seen else None, workspace_ids=seen)
    role = _organization_role(api, caller) if info and caller.email else None
    permissions = tuple(sorted(info.get("permissions") or ()))
    is_wide = bool(info)
    caller = replace(caller, role=role, is_organization_wide=is_wide)
    config = info.get("config") or {}
    return Whoami(
        host=api.transport.settings.host,
        server_version=(found["server"] or {}).get("version") if isinstance(found["server"], dict) else None,
        organization=info.get("display_name"),
        organization_id=info.get("id") or api.transport.organization_id,
        plan=info.get("tier") or config.get("plan_tier"),
        is_personal=bool(info.get("is_personal")),
        key_kind=_kind_in_words(caller),
        key_hint=key.hint,
        key_source=key.source,
        caller=caller,
        workspaces={str(place["display_name"]): _role_of(place) for place in places},
        permissions=permissions,
        parts=_parts(is_wide=is_wide, caller=caller, permissions=permissions, config=config, n_places=len(places)),
        features=_features(config),
        notes=tuple(_notes(info, caller, permissions, places)),
        n_requests=api.transport.n_requests - before,
    )


def _attempt(probe: Callable[[], Any]) -> Any:
    try:
        return probe()
    except ApiError as error:
        return error


def _raise_what_is_hopeless(found: Mapping[str, Any], api: Api) -> None:
    """Raise where no further call can help: a bad key, another region, a service that is not there."""
    info, places = found["info"], found["workspaces"]
    for answer in (info, places):
        if isinstance(answer, AuthError | GatewayError):
            raise answer
        if isinstance(answer, ApiError) and not isinstance(answer, PermissionDeniedError | NotFoundError):
            raise answer
    if isinstance(info, NotFoundError) and isinstance(places, NotFoundError):
        raise info
    refused_everywhere = isinstance(info, PermissionDeniedError) and isinstance(places, PermissionDeniedError)
    if refused_everywhere:
        settings = api.transport.settings
        others = ", ".join(f"{name} ({address})" for name, address in REGIONS.items() if settings.host not in address)
        raise WrongRegionError(
            f"{settings.host} refuses this key everywhere (403 on {_INFO} and on GET /workspaces). A valid key of "
            f"another region looks exactly like this. Set LANGSMITH_ENDPOINT, or connect(endpoint=...), to where the "
            f"key was made: {others}; or to your own server.",
            status=403,
            method="GET",
            path=info.path,
            detail=info.detail,
        )


def _organization_role(api: Api, caller: Caller) -> str | None:
    try:
        for member in api.list_active_members(emails=[caller.email or ""]):
            if str(member.get("email") or "").strip().lower() == caller.email:
                name = member.get("role_name") or member.get("org_role_name")
                return _display(str(name)) if name else None
    except ApiError:
        return None
    return None


def _display(role_name: str) -> str:
    from lsnb.tables.builtin_roles import SYSTEM_ROLES

    return SYSTEM_ROLES.get(role_name, (role_name, ""))[0]


def _role_of(place: Mapping[str, Any]) -> str | None:
    name = place.get("role_name")
    return _display(str(name)) if name else None


def _kind_in_words(caller: Caller) -> str:
    if caller.kind == "pat":
        return "personal access token"
    if caller.kind == "service":
        return "organization-wide service key" if caller.is_organization_wide else "workspace service key"
    return "key"


def _features(config: Mapping[str, Any]) -> pd.DataFrame:
    rows = [
        (words, "yes" if config[flag] else "no", f"{flag} in {_INFO}") for words, flag in FEATURES.items()
        if flag in config
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["feature", "is_offered", "known_from"])


def _parts(
    *, is_wide: bool, caller: Caller, permissions: tuple[str, ...], config: Mapping[str, Any], n_places: int
) -> pd.DataFrame:
    rows: list[tuple[str, Answer, Answer, str]] = []
    manages = "organization:manage" in permissions
    reads = "organization:read" in permissions or manages
    for part in _PARTS:
        gate = _GATES.get(part)
        can_write: Answer = "yes" if manages and part not in _READ_ONLY else "no"
        if not is_wide:
            here = part in _OF_WORKSPACES and n_places > 0
            known = f"{_INFO} was refused; {n_places} workspace known"
            rows.append((part, "partly" if here else "no", "unknown" if here else "no", known))
        elif gate and gate in config and not config[gate]:
            rows.append((part, "no", "no", f"{gate} is false in {_INFO}"))
        elif part == "audit_log":
            rows.append((part, "yes" if manages else "no", "no", f"organization:manage in {_INFO}"))
        elif part == "access_tokens":
            own: Answer = "partly" if caller.kind == "pat" else "no"
            rows.append((part, own, own, "the service lists the caller's own tokens only"))
        elif part in ("access", "members", "invites") and not manages:
            share: Answer = "partly" if part == "access" else "yes"
            rows.append((part, share if reads else "no", "no", f"no organization:manage in {_INFO}"))
        else:
            rows.append((part, "yes" if reads else "no", can_write, f"permissions in {_INFO}"))
    return pd.DataFrame(rows, columns=["part", "can_read", "can_write", "known_from"])


def _notes(
    info: Mapping[str, Any], caller: Caller, permissions: tuple[str, ...], places: list[dict[str, Any]]
) -> list[str]:
    notes = []
    if not info:
        names = ", ".join(str(place["display_name"]) for place in places) or "none that can be listed"
        notes.append(
            f"This key covers single workspaces ({names}) and may not use the organization's endpoints. It can show "
            "the people and keys of those workspaces; for the organization use a personal access token of an "
            "Organization Admin, or an organization-wide service key."
        )
    elif "organization:manage" not in permissions:
        notes.append(
            "This key may look and not change anything in the organization: it lacks organization:manage. Use the "
            "token of an Organization Admin to make changes."
        )
    if not caller.is_known:
        tried = f" Tried: {'; '.join(caller.tried)}." if caller.tried else ""
        notes.append(
            "It is not known whose key this is, so plans that take something from anybody are refused, lest they hit its "
            f"owner.{tried}"
        )
    if info.get("is_personal"):
        notes.append(
            "This is a personal organization: it has one workspace and nobody can be invited. Create an organization "
            "in LangSmith to work with others."
        )
    if info and not (info.get("config") or {}).get("can_use_rbac", True):
        notes.append("The plan has no roles (RBAC): every member of a workspace is its Admin.")
    if info.get("disabled"):
        notes.append("This organization is switched off; most calls will be refused.")
    if caller.kind == "service" and info:
        notes.append(
            "This is a service key: it belongs to no person, and cannot list personal access tokens. For removing "
            "people LangSmith's own tools advise the personal access token of an Organization Admin."
        )
    return notes
