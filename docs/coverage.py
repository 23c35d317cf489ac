"""What lsnb does with each operation of LangSmith that is about an organization: the table behind one page of docs/.

Which operations there are comes from LangSmith's own OpenAPI document and, for newer ones, from its documentation; a test
compares them with this table, drives the demo organization to see that what is marked done is really requested, and looks
that every name here exists.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

Status = Literal["done", "another way", "user only", "no"]

WORDS: dict[Status, str] = {
    "done": "lsnb requests it",
    "another way": "the same is read or changed through another operation, which is named",
    "user only": "no key may; a method of `org.user_only` says where a person does it",
    "no": "lsnb does not do it, and why",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the service.

    Args:
        method: the HTTP method.
        path: the path, as the official document writes it; in short form without `/api/v1`.
        seed: "Y" where LangSmith's page "Manage your organization using the API" names it, "S" where only its sample
            code uses it, empty elsewhere.
        status: what becomes of it.
        by: what in lsnb reads or changes it, or why nothing does.
        test: the test that shows it, as pytest names it, below tests/.
        is_newer: whether the official document of July 2026 does not have it yet.
    """

    method: str
    path: str
    seed: str
    status: Status
    by: str
    test: str = ""
    is_newer: bool = False

    @property
    def full_path(self) -> str:
        """Give the whole path."""
        is_whole = self.path.startswith(("/v1/platform/", "/auth/")) or self.path == "/workspaces/current/ttl-settings"
        return self.path if is_whole else f"/api/v1{self.path}"


_ALL = "test_loader.py::test_everything_is_read_with_an_admins_token"
_OLDER = "test_loader.py::test_older_server_gives_the_same_access_workspace_by_workspace"
_KINDS = "apply/test_applying.py::test_every_kind_is_applied_when_a_plan_is_confirmed"
_THINGS = "apply/test_things.py::test_every_kind_is_applied_when_a_plan_has_them_all"
_PENDING = "apply/test_applying.py::test_pending_people_are_changed_without_a_mail_when_the_server_can"
_USER = "test_useronly.py::test_a_key_is_refused_without_a_request"
_PLACE_KEY = "apply/test_things.py::test_a_key_of_one_workspace_makes_and_deletes_keys_there"
_SCIM_DELETED = "test_scim_tokens.py::test_a_token_is_deleted_when_it_is_allowed_by_name"
_WHOAMI = "test_whoami.py::test_what_is_promised_is_what_happens"

_MEMBERS = "/orgs/current/members"
_IN_PLACE = "/workspaces/current/members"
_KEYS = "/orgs/current/service-keys"
_TOKENS = "/orgs/current/personal-access-tokens"
_POLICIES = "/v1/platform/orgs/current/access-policies"
_SCIM = "/v1/platform/orgs/current/scim/tokens"
_TAGS = "/workspaces/current/tag-keys"
_RETENTION = "how long traces are kept is no question of who has access"
_TAGGING = "tags sort projects, datasets and prompts, and are kept by those who work with them"
_POLICY_WHY = "attribute-based policies are read and explained; LangSmith's own pages edit their conditions"
_SCIM_WHY = "a new token belongs into the identity provider at once; it is made where that is set up"
_SSO_WHY = "a provider is set up once, with the identity provider's own metadata, in LangSmith"
_BILLING = "invoices and quotas are no question of who has access"
_LOGIN = "the login page's own helper, for people without a session"


def _done(method: str, path: str, by: str, test: str, seed: str = "", *, is_newer: bool = False) -> Operation:
    return Operation(method, path, seed, "done", by, test, is_newer)


def _other(method: str, path: str, by: str, seed: str = "", *, is_newer: bool = False) -> Operation:
    return Operation(method, path, seed, "another way", by, "", is_newer)


def _user(method: str, path: str, by: str, seed: str = "") -> Operation:
    return Operation(method, path, seed, "user only", f"`UserOnly.{by}`", _USER)


def _no(method: str, path: str, why: str, *, is_newer: bool = False) -> Operation:
    return Operation(method, path, "", "no", why, "", is_newer)


#: Every operation, in groups with the heading of each.
OPERATIONS: dict[str, tuple[Operation, ...]] = {
    "Server and identity": (
        _done("GET", "/info", "`org.whoami`, through `Api.get_server_info`", _WHOAMI),
        _no("GET", "/info/health", "the free disk space of an installation is its operator's business"),
        _done("GET", "/auth/public", "`org.whoami`, through `Api.get_public_identity`", _WHOAMI),
        _user("GET", "/me/ls_user_id", "get_user_id"),
        _no("POST", "/login", "lsnb works with keys, and never asks for a password"),
        _done(
            "GET",
            "/settings",
            "`snap.workspaces` for keys of single workspaces, through `Api.get_workspace`",
            "test_loader.py::test_workspace_key_gets_its_own_workspace_and_a_clear_word",
        ),
        _no("POST", "/settings/handle", "the handle of public prompts is chosen by those who publish them"),
    ),
    "Workspaces": (
        _done("GET", "/workspaces", "`snap.workspaces`, through `Api.list_workspaces`", _ALL, "Y"),
        _done("POST", "/workspaces", "plan: `CreateWorkspace`", _THINGS, "Y"),
        _done("PATCH", "/workspaces/{workspace_id}", "plan: `RenameWorkspace`", _THINGS, "Y"),
        _done("DELETE", "/workspaces/{workspace_id}", "plan: `DeleteWorkspace`", _THINGS),
        _other("GET", "/workspaces/{workspace_id}", "`snap.workspaces` has them all", is_newer=True),
        _no("GET", "/workspaces/current/stats", "how many projects and datasets there are is no question of access"),
        _no("GET", "/workspaces/current/usage_limits", _BILLING),
        _done("GET", "/workspaces/current/shared", "`snap.shared_links`, through `Api.list_shared_links`", _ALL),
        _done("DELETE", "/workspaces/current/shared", "plan: `UnshareAll`", _THINGS),
        _no("GET", "/workspaces/current/secrets", "model keys belong to those who build; lsnb does not touch them"),
        _no("POST", "/workspaces/current/secrets", "model keys belong to those who build; lsnb does not touch them"),
        _user("GET", "/workspaces/pending", "list_invited_workspaces"),
        _user("DELETE", "/workspaces/pending/{id}", "decline_workspace"),
        _user("POST", "/workspaces/pending/{workspace_id}/claim", "claim_workspace"),
        _user("GET", "/tenants", "list_tenants"),
        _user("POST", "/tenants", "create_tenant"),
    ),
    "Organization and settings": (
        _user("GET", "/orgs", "list_organizations"),
        _user("POST", "/orgs", "create_organization"),
        _other("GET", "/orgs/current", "`snap.settings`: `GET /orgs/current/info` has the same and every setting"),
        _done("GET", "/orgs/current/info", "`snap.settings`, through `Api.get_organization_info`", _ALL),
        _other(
            "GET", "/v1/platform/orgs/current/info", "`snap.settings`: `GET /orgs/current/info` has the same fields"
        ),
        _done(
            "PATCH",
            "/orgs/current/info",
            "plan: `UpdateSettings`, every setting in one request; `unshare_all` is `UnshareAll`, workspace by workspace",
            _THINGS,
            "Y",
        ),
        _user("GET", "/orgs/pending", "list_invited_organizations"),
        _user("DELETE", "/orgs/pending/{organization_id}", "decline_organization"),
        _user("POST", "/orgs/pending/{organization_id}/claim", "claim_organization"),
    ),
    "Roles and permissions": (
        _done("GET", "/orgs/current/roles", "`snap.roles`, through `Api.list_roles`", _ALL, "Y"),
        _done("POST", "/orgs/current/roles", "plan: `CreateRole`", _THINGS, "Y"),
        _done("PATCH", "/orgs/current/roles/{role_id}", "plan: `UpdateRole`", _THINGS, "Y"),
        _done("DELETE", "/orgs/current/roles/{role_id}", "plan: `DeleteRole`", _THINGS),
        _done(
            "PUT",
            "/orgs/current/roles/{role_id}/restriction",
            "`offers.restrict_role`, where `offers.can_restrict_roles` says that the server has it",
            "test_offers.py::test_a_role_is_restricted_when_the_server_offers_it",
            is_newer=True,
        ),
        _done("GET", "/orgs/permissions", "`snap.permissions`, through `Api.list_permissions`", _ALL, "Y"),
    ),
    "People of the organization": (
        _other("GET", _MEMBERS, "`snap.members` and `snap.invites` read the lists that come in pages", "S"),
        _done("GET", f"{_MEMBERS}/active", "`snap.members` on older servers, `Api.list_active_members`", _OLDER, "Y"),
        _done("GET", f"{_MEMBERS}/pending", "`snap.invites` on older servers, `Api.list_pending_members`", _OLDER, "Y"),
        _done("GET", "/v1/platform/orgs/current/members", "`snap.access`, through `Api.list_members`", _ALL),
        _done("POST", _MEMBERS, "plan: `InviteMember` and `ReplaceInvite`", _KINDS, "S"),
        _done("POST", f"{_MEMBERS}/batch", "plan: `InviteMember`, up to 500 in one request", _KINDS, "Y"),
        _no("POST", f"{_MEMBERS}/basic/batch", "it makes accounts with passwords, which lsnb never handles"),
        _done("PATCH", f"{_MEMBERS}/{{identity_id}}", "plan: `SetOrgRole`", _KINDS, "Y"),
        _done("DELETE", f"{_MEMBERS}/{{identity_id}}", "plan: `RemoveMember`", _KINDS, "Y"),
        _done("DELETE", f"{_MEMBERS}/{{identity_id}}/pending", "plan: `CancelInvite`", _KINDS),
        _done(
            "PATCH",
            f"{_MEMBERS}/{{identity_id}}/pending",
            "plan: `SetOrgRole` of invited people",
            _PENDING,
            is_newer=True,
        ),
        _no("PATCH", "/orgs/members/basic", "people change their own name and password themselves"),
    ),
    "People of a workspace": (
        _other("GET", _IN_PLACE, "`snap.access` reads everybody at once, or the lists that come in pages", "Y"),
        _done(
            "GET", f"{_IN_PLACE}/active", "before and after every change there, `Api.list_workspace_members`", _KINDS
        ),
        _done(
            "GET",
            f"{_IN_PLACE}/pending",
            "before and after changes of invited people, `Api.list_workspace_members`",
            _PENDING,
        ),
        _done("POST", _IN_PLACE, "plan: `AddWorkspaceMember`", _KINDS, "Y"),
        _done(
            "POST",
            f"{_IN_PLACE}/batch",
            "plan: `AddWorkspaceMember` of several, where `offers.can_batch_add` says that the server adds members that way",
            "apply/test_things.py::test_people_share_a_request_when_the_server_adds_members_in_batches",
        ),
        _done("PATCH", f"{_IN_PLACE}/{{identity_id}}", "plan: `SetWorkspaceRole`", _KINDS, "Y"),
        _done("DELETE", f"{_IN_PLACE}/{{identity_id}}", "plan: `RemoveWorkspaceMember`", _KINDS, "Y"),
        _done(
            "DELETE",
            f"{_IN_PLACE}/{{identity_id}}/pending",
            "plan: `RemoveWorkspaceMember` of invited people",
            _PENDING,
        ),
        _done(
            "PATCH",
            f"{_IN_PLACE}/{{identity_id}}/pending",
            "plan: `SetWorkspaceRole` of invited people",
            _PENDING,
            is_newer=True,
        ),
    ),
    "Keys and tokens": (
        _done(
            "GET",
            "/api-key",
            "`snap.service_keys` for keys of single workspaces, `Api.list_workspace_keys`",
            "test_loader.py::test_workspace_key_gets_its_own_workspace_and_a_clear_word",
        ),
        _done("POST", "/api-key", "plan: `CreateServiceKey` with a key of that workspace", _PLACE_KEY, "Y"),
        _done(
            "DELETE", "/api-key/{api_key_id}", "plan: `DeleteServiceKey` with a key of that workspace", _PLACE_KEY, "Y"
        ),
        _done("GET", _KEYS, "`snap.service_keys`, through `Api.list_service_keys`", _ALL),
        _done("POST", _KEYS, "plan: `CreateServiceKey`", _THINGS),
        _done("DELETE", f"{_KEYS}/{{api_key_id}}", "plan: `DeleteServiceKey`", _THINGS),
        _done("PATCH", f"{_KEYS}/{{api_key_id}}", "plan: `SetServiceKeyRole`", _THINGS, "Y", is_newer=True),
        _done("GET", _TOKENS, "`snap.access_tokens`, through `Api.list_access_tokens`", _ALL),
        _user("POST", _TOKENS, "create_own_token"),
        _other("DELETE", f"{_TOKENS}/{{pat_id}}", "`RevokeAccessToken` ends a token and can be taken back"),
        _done("POST", f"{_TOKENS}/{{pat_id}}/revocation", "plan: `RevokeAccessToken`", _THINGS, is_newer=True),
        _done("DELETE", f"{_TOKENS}/{{pat_id}}/revocation", "plan: `ReinstateAccessToken`", _THINGS, is_newer=True),
        _user("GET", "/api-key/current", "list_own_tokens", "Y"),
        _user("POST", "/api-key/current", "create_own_token", "Y"),
        _user("DELETE", "/api-key/current/{pat_id}", "delete_own_token", "Y"),
        _done("GET", "/service-accounts", "`snap.service_accounts`, through `Api.list_service_accounts`", _ALL),
        _no("POST", "/service-accounts", "how they relate to service keys is not documented"),
        _no("DELETE", "/service-accounts/{service_account_id}", "how they relate to service keys is not documented"),
    ),
    "Audit log": (_done("GET", "/audit-logs", "`snap.audit_log`, through `Api.list_audit_log`", _ALL),),
    "Access policies": (
        _done("GET", _POLICIES, "`snap.policies`, through `Api.list_access_policies`", _ALL),
        _no("POST", _POLICIES, _POLICY_WHY),
        _other("GET", f"{_POLICIES}/{{access_policy_id}}", "`snap.policies` has them all"),
        _no("PATCH", f"{_POLICIES}/{{access_policy_id}}", _POLICY_WHY, is_newer=True),
        _no("DELETE", f"{_POLICIES}/{{access_policy_id}}", _POLICY_WHY),
        _no("POST", f"{_POLICIES}/roles/{{role_id}}/access-policies", _POLICY_WHY),
        _no("DELETE", f"{_POLICIES}/roles/{{role_id}}/access-policies", _POLICY_WHY, is_newer=True),
    ),
    "Identity provider": (
        _done("GET", _SCIM, "`snap.scim_tokens`, through `Api.list_scim_tokens`", _ALL),
        _no("POST", _SCIM, _SCIM_WHY),
        _other("GET", f"{_SCIM}/{{scim_token_id}}", "`snap.scim_tokens` has them all"),
        _no("PATCH", f"{_SCIM}/{{scim_token_id}}", _SCIM_WHY),
        _done("DELETE", f"{_SCIM}/{{scim_token_id}}", "plan: `DeleteScimToken`", _SCIM_DELETED),
    ),
    "Single sign-on": (
        _done("GET", "/orgs/current/sso-settings", "`snap.sso`, through `Api.list_sso_settings`", _ALL),
        _no("POST", "/orgs/current/sso-settings", _SSO_WHY),
        _no("PATCH", "/orgs/current/sso-settings/{id}", _SSO_WHY),
        _no("DELETE", "/orgs/current/sso-settings/{id}", _SSO_WHY),
        _done(
            "PATCH",
            "/orgs/current/login-methods",
            "plan: `UpdateSettings` of `sso_only`",
            "apply/test_things.py::test_single_sign_on_has_a_way_of_its_own",
        ),
        _other("GET", "/orgs/current/user/login-methods", "`snap.members` has everybody's login methods"),
        _no("POST", "/orgs/current/set-default-sso-provision", _SSO_WHY),
        _no("GET", "/sso/settings/{sso_login_slug}", _LOGIN),
        _no("POST", "/sso/email-lookup", _LOGIN),
        _no("POST", "/sso/email-verification/status", _LOGIN),
        _no("POST", "/sso/email-verification/confirm", _LOGIN),
        _user("POST", "/sso/email-verification/send", "send_email_verification", "Y"),
    ),
    "Usage and billing": (
        _no("GET", "/orgs/current/billing", _BILLING),
        _no("GET", "/orgs/current/billing/usage", _BILLING),
        _done("GET", "/orgs/current/billing/granular-usage", "`snap.usage`, through `Api.get_usage`", _ALL),
        _other("GET", "/orgs/current/billing/granular-usage/export", "`snap.usage` has the same rows"),
    ),
    "Retention and limits": (
        _no("GET", "/orgs/ttl-settings", _RETENTION),
        _no("PUT", "/orgs/ttl-settings", _RETENTION),
        _no("GET", "/ttl-settings", _RETENTION),
        _no("PUT", "/ttl-settings", _RETENTION),
        _no("GET", "/workspaces/current/ttl-settings", _RETENTION),
        _no("PUT", "/workspaces/current/ttl-settings", _RETENTION),
        _no("GET", "/usage-limits", _BILLING),
        _no("PUT", "/usage-limits", _BILLING),
        _no("DELETE", "/usage-limits/{usage_limit_id}", _BILLING),
        _no("GET", "/usage-limits/org", _BILLING),
    ),
    "Tags": (
        _no("GET", _TAGS, _TAGGING),
        _no("POST", _TAGS, _TAGGING),
        _no("GET", f"{_TAGS}/{{tag_key_id}}", _TAGGING),
        _no("PATCH", f"{_TAGS}/{{tag_key_id}}", _TAGGING),
        _no("DELETE", f"{_TAGS}/{{tag_key_id}}", _TAGGING),
        _no("GET", f"{_TAGS}/{{tag_key_id}}/tag-values", _TAGGING),
        _no("POST", f"{_TAGS}/{{tag_key_id}}/tag-values", _TAGGING),
        _no("GET", f"{_TAGS}/{{tag_key_id}}/tag-values/{{tag_value_id}}", _TAGGING),
        _no("PATCH", f"{_TAGS}/{{tag_key_id}}/tag-values/{{tag_value_id}}", _TAGGING),
        _no("DELETE", f"{_TAGS}/{{tag_key_id}}/tag-values/{{tag_value_id}}", _TAGGING),
        _no("GET", "/workspaces/current/taggings", _TAGGING),
        _no("POST", "/workspaces/current/taggings", _TAGGING),
        _no("DELETE", "/workspaces/current/taggings/{tagging_id}", _TAGGING),
        _done("GET", "/workspaces/current/tags", "`snap.tags`, through `Api.list_tags`", _ALL),
        _no("GET", "/workspaces/current/tags/resource", _TAGGING),
        _no("POST", "/workspaces/current/tags/resources", _TAGGING),
    ),
}


def operations() -> list[Operation]:
    """List every operation, in the order of the page."""
    return [operation for group in OPERATIONS.values() for operation in group]


def coverage_page() -> str:
    """Describe every operation: what in lsnb reads or changes it, or why not, and the test that shows it."""
    counts = Counter(operation.status for operation in operations())
    named = [operation for operation in operations() if operation.seed]
    lines = [
        "# What lsnb does with LangSmith's operations",
        "",
        "Generated from the code by `make docs`; change `docs/coverage.py` instead.",
        "",
        f"LangSmith has {len(operations())} operations that are about an organization, its people, keys and settings. Its page "
        "[Manage your organization using the API](https://docs.langchain.com/langsmith/manage-organization-by-api) names "
        f"{len(named)} of them (*named*: Y; S where only its sample code uses one), and lsnb covers all of those. Paths are "
        "below `/api/v1` unless they say otherwise; *newer* ones are not on every server, and lsnb finds out.",
        "",
        *(f"- **{status}** ({counts[status]}): {words}." for status, words in WORDS.items()),
        "",
        "`snap.x` is a table of a snapshot ([tables](tables.md)), `plan:` names the kinds of change that a sheet brings, and "
        "`Api.x` is the method behind them.",
    ]
    for heading, group in OPERATIONS.items():
        lines += [
            "",
            f"## {heading}",
            "",
            "| operation | named | status | in lsnb, or why not | test |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(operation) for operation in group]
    return "\n".join(lines) + "\n"


def _row(operation: Operation) -> str:
    newer = " (newer)" if operation.is_newer else ""
    test = f"`{operation.test}`" if operation.test else ""
    return f"| {operation.method} `{operation.path}`{newer} | {operation.seed} | {operation.status} | {operation.by} | {test} |"
