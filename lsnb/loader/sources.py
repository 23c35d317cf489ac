"""How each part of an organization is read: which endpoint, in which order of preference, and when not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.errors import AuthError, NotFoundError, PermissionDeniedError
from lsnb.loader.fetch import Fetcher, SourceData, refused
from lsnb.loader.people import PEOPLE_ENDPOINT, read_people
from lsnb.tables.keys import names_owners

if TYPE_CHECKING:
    from lsnb.service.api import Api
    from lsnb.service.progress import Progress

#: The endpoint of every source.
ENDPOINTS: dict[str, str] = {
    "info": "GET /api/v1/orgs/current/info",
    "roles": "GET /api/v1/orgs/current/roles",
    "workspaces": "GET /api/v1/workspaces",
    "people": PEOPLE_ENDPOINT,
    "catalogue": "GET /api/v1/orgs/permissions",
    "service_keys": "GET /api/v1/orgs/current/service-keys",
    "access_tokens": "GET /api/v1/orgs/current/personal-access-tokens",
    "service_accounts": "GET /api/v1/service-accounts",
    "sso": "GET /api/v1/orgs/current/sso-settings",
    "scim_tokens": "GET /v1/platform/orgs/current/scim/tokens",
    "policies": "GET /v1/platform/orgs/current/access-policies",
    "tags": "GET /api/v1/workspaces/current/tags",
    "shared_links": "GET /api/v1/workspaces/current/shared",
    "usage": "GET /api/v1/orgs/current/billing/granular-usage",
    "audit_log": "GET /api/v1/audit-logs",
}

# The audit log comes a hundred events at a time and each page names the next, so a long window is cut into parts
# that are read side by side.
_LOG_PARTS = 8


class Sources:
    """The sources of one reading.

    Args:
        api: the service.
        progress: where pages are counted.
        usage_days: how far back the usage report goes, in days.
        audit_days: how far back the audit log goes, in days.
    """

    def __init__(self, api: Api, progress: Progress, *, usage_days: float, audit_days: float) -> None:
        self._api = api
        self._progress = progress
        self._usage = timedelta(days=usage_days)
        self._audit = timedelta(days=audit_days)

    def readers(self) -> Mapping[str, Callable[[Fetcher], SourceData]]:
        """Give the function that reads each source, by name."""
        api = self._api
        return {
            "info": lambda desk: self._whole("info", desk, api.get_organization_info()),
            "roles": lambda desk: self._whole("roles", desk, api.list_roles()),
            "workspaces": self._read_workspaces,
            "people": lambda desk: read_people(api, desk, self._progress),
            "catalogue": self._read_catalogue,
            "service_keys": self._read_service_keys,
            "access_tokens": self._read_access_tokens,
            "service_accounts": lambda desk: self._whole("service_accounts", desk, api.list_service_accounts()),
            "sso": lambda desk: self._gated("sso", desk, "can_use_saml_sso", api.list_sso_settings),
            "scim_tokens": lambda desk: self._gated("scim_tokens", desk, "can_use_saml_sso", api.list_scim_tokens),
            "policies": lambda desk: self._gated("policies", desk, "can_use_abac", api.list_access_policies),
            "tags": self._read_tags,
            "shared_links": self._read_shared_links,
            "usage": self._read_usage,
            "audit_log": self._read_audit_log,
        }

    def _whole(self, name: str, desk: Fetcher, data: Any, endpoint: str | None = None) -> SourceData:
        rows = len(data) if isinstance(data, list) else 1
        return SourceData(endpoint or ENDPOINTS[name], "complete", data, got=rows, read_at=desk.clock())

    def _offers(self, desk: Fetcher, feature: str) -> bool:
        """Tell whether the plan offers a feature; where nobody says so, it is tried."""
        info = desk.get("info").data or {}
        return bool((info.get("config") or {}).get(feature, True))

    def _gated(self, name: str, desk: Fetcher, feature: str, read: Callable[[], list[Any]]) -> SourceData:
        """Read what the plan may lack; where it does, the call is saved."""
        if self._offers(desk, feature):
            return self._whole(name, desk, read())
        reason = f"the organization's plan does not offer it ({feature} is false in the organization's info)."
        return SourceData(ENDPOINTS[name], "unavailable", reason=reason, read_at=desk.clock())

    def _read_workspaces(self, desk: Fetcher) -> SourceData:
        try:
            return self._whole("workspaces", desk, self._api.list_workspaces())
        except PermissionDeniedError as error:
            try:
                place = self._api.get_workspace()
            except PermissionDeniedError:
                raise error from None
            reason = (
                "a key of single workspaces cannot list them; this is the one it was made in, or that "
                "LANGSMITH_WORKSPACE_ID names."
            )
            return SourceData("GET /api/v1/settings", "partial", [place], reason, got=1, read_at=desk.clock())

    def _read_catalogue(self, desk: Fetcher) -> SourceData:
        try:
            return self._whole("catalogue", desk, self._api.list_permissions())
        except (AuthError, PermissionDeniedError, NotFoundError):
            # Officially for people who are logged in; a bad key is found out by all the other sources.
            reason = "the service keeps its catalogue from this key; the documented permissions stand in."
            return SourceData(ENDPOINTS["catalogue"], "partial", None, reason, read_at=desk.clock())

    def _read_service_keys(self, desk: Fetcher) -> SourceData:
        try:
            return self._whole("service_keys", desk, self._api.list_service_keys())
        except PermissionDeniedError as error:
            return self._workspace_keys(desk, error)

    def _workspace_keys(self, desk: Fetcher, error: PermissionDeniedError) -> SourceData:
        """Read the keys of the workspaces that the key sees, since it may not read the organization's."""
        workspaces = desk.records("workspaces")
        try:
            lists = self._api.transport.map(self._api.list_workspace_keys, [place["id"] for place in workspaces])
        except PermissionDeniedError:
            raise error from None
        if not lists:
            raise error
        keys = list({key["id"]: key for listed in lists for key in listed}.values())
        names = ", ".join(str(place["display_name"]) for place in workspaces)
        reason = f"this key sees the keys of its own workspaces only: {names}."
        return SourceData("GET /api/v1/api-key", "partial", keys, reason, got=len(keys), read_at=desk.clock())

    def _read_access_tokens(self, desk: Fetcher) -> SourceData:
        tokens = self._api.list_access_tokens()
        if names_owners(tokens):
            return self._whole("access_tokens", desk, tokens)
        return SourceData(
            ENDPOINTS["access_tokens"],
            "partial",
            tokens,
            "the service lists the caller's own tokens only; other people's are unknown.",
            got=len(tokens),
            read_at=desk.clock(),
        )

    def _read_tags(self, desk: Fetcher) -> SourceData:
        """Read the tags where access policies compare with them; nobody else pays a call per workspace."""
        policies = desk.get("policies")
        if policies.is_there and policies.data:
            return self._by_workspace("tags", desk, self._api.list_tags, "tags")
        reason = (
            "there are no access policies to compare them with."
            if policies.is_there
            else f"the access policies that compare with them were not read: {policies.reason}"
        )
        return SourceData(ENDPOINTS["tags"], "not-loaded", reason=reason, read_at=desk.clock())

    def _read_shared_links(self, desk: Fetcher) -> SourceData:
        return self._by_workspace("shared_links", desk, self._api.list_shared_links, "public links")

    def _by_workspace(self, name: str, desk: Fetcher, ask: Callable[[str], list[Any]], what: str) -> SourceData:
        """Read a list of every workspace; what the key may not see of them is said."""
        places = [place for place in desk.records("workspaces") if not place.get("is_deleted")]
        if not desk.get("workspaces").is_there:
            reason = f"the workspaces could not be read: {desk.get('workspaces').reason}"
            return SourceData(ENDPOINTS[name], "unreadable", reason=reason, read_at=desk.clock())
        self._progress.expect(len(places))

        def read(place: Mapping[str, Any]) -> list[tuple[str, Any]] | PermissionDeniedError | NotFoundError:
            try:
                return [(place["id"], record) for record in ask(place["id"])]
            except (PermissionDeniedError, NotFoundError) as error:
                return error

        results = self._api.transport.map(read, places, on_result=lambda _: self._progress.step(what))
        errors = [result for result in results if isinstance(result, Exception)]
        if errors and len(errors) == len(results):
            return refused(ENDPOINTS[name], errors[0])
        records = [record for result in results if not isinstance(result, Exception) for record in result]
        if not errors:
            return self._whole(name, desk, records)
        hidden = ", ".join(
            str(place["display_name"]) for place, result in zip(places, results, strict=True) if result in errors
        )
        word = what.rpartition(" ")[2]
        reason = f"the {word} of {len(errors)} workspaces could not be read ({hidden}): {errors[0]}"
        return SourceData(ENDPOINTS[name], "partial", records, reason, got=len(records), read_at=desk.clock())

    def _read_usage(self, desk: Fetcher) -> SourceData:
        endpoint = ENDPOINTS["usage"]
        if not self._offers(desk, "enable_granular_usage_reporting"):
            reason = "the organization's plan does not offer usage by person and key."
            return SourceData(endpoint, "unavailable", reason=reason, read_at=desk.clock())
        places = [str(place["id"]) for place in desk.records("workspaces")]
        if not places:
            reason = "the report needs at least one workspace, and this key sees none."
            return SourceData(endpoint, "unreadable", reason=reason, read_at=desk.clock())
        end = desk.clock()
        reports = {
            group: self._api.get_usage(end - self._usage, end, workspace_ids=places, group_by=group)
            for group in ("user", "api_key")
        }
        got = sum(map(len, reports.values()))
        return SourceData(endpoint, "complete", reports, got=got, read_at=desk.clock())

    def _read_audit_log(self, desk: Fetcher) -> SourceData:
        if not self._offers(desk, "can_use_audit_logs"):
            reason = "the organization's plan does not offer the audit log (can_use_audit_logs is false)."
            return SourceData(ENDPOINTS["audit_log"], "unavailable", reason=reason, read_at=desk.clock())
        end = desk.clock()
        edges = [end - self._audit * part / _LOG_PARTS for part in range(_LOG_PARTS, -1, -1)]
        windows = list(pairwise(edges))
        self._progress.expect(len(windows))
        # The newest part first and alone: where the key may not read the log, one refusal tells.
        newest = self._api.list_audit_log(*windows.pop())
        self._progress.step("audit log")
        parts = self._api.transport.map(
            lambda window: self._api.list_audit_log(*window),
            windows,
            on_result=lambda _: self._progress.step("audit log"),
        )
        parts.append(newest)
        return self._whole("audit_log", desk, [event for part in parts for event in part])


def utc_now() -> pd.Timestamp:
    """Tell the time, UTC."""
    return pd.Timestamp.now("UTC")
