"""List what is wrong with the seed `small`, check by check, so that an audit can be compared with what is there.

`resource` says what kind of thing the finding is about and `name` which one, by e-mail, display name or description.
"""

from __future__ import annotations

from typing import TypedDict

from lsnb.sandbox.seeds.company import DOMAIN, PEOPLE


class _Finding(TypedDict):
    resource: str
    name: str
    why: str


class Finding(_Finding, total=False):
    """One planted finding."""

    email: str
    workspace: str


HAND_MADE = tuple(local for local, *_ in PEOPLE[:20])
"""People of the roster whom SCIM did not make, the first twenty."""

HOSTILE = {
    "pen.tester": "<img src=x onerror=window.hacked=1>",
    "formula.fan": '=HYPERLINK("http://evil.example","x")',
}
"""Local part to a display name that attacks whoever shows it carelessly."""

DORMANT = (f"priya.raman@{DOMAIN}", f"ruth.goldberg@{DOMAIN}")
"""Enabled members without any trace of use."""

_DANA = "dana.fox@partner.example"
_KIM = "kim.doyle@freelance.example"


_OTHERS_BY_HAND = ("team", "break.glass", "grace.kim+eval", *HOSTILE, _KIM, _DANA)


def _person(local: str, why: str, workspace: str | None = None) -> Finding:
    email = local if "@" in local else f"{local}@{DOMAIN}"
    finding: Finding = {"resource": "member", "name": email, "email": email, "why": why}
    if workspace is not None:
        finding["workspace"] = workspace
    return finding


def _thing(resource: str, name: str, why: str, workspace: str | None = None) -> Finding:
    finding: Finding = {"resource": resource, "name": name, "why": why}
    if workspace is not None:
        finding["workspace"] = workspace
    return finding


def _setting(name: str, why: str) -> Finding:
    return _thing("setting", name, why)


PLANTED: dict[str, list[Finding]] = {
    "LS-ADM-02": [_thing("organization", "Acme Robotics", "six Organization Admins of 42 members, the limit is four")],
    "LS-ADM-03": [_person("samuel.adeyemi", "a second Operator")],
    "LS-ADM-04": [_person(_DANA, "an admin with an address of a partner")],
    "LS-ADM-05": [
        _person(_DANA, "an admin who signs in with a password"),
        _person("break.glass", "an admin who signs in with a password"),
        _person("tomas.okafor", "an admin with a password beside SSO"),
    ],
    "LS-ADM-06": [_person("priya.raman", "an admin without any trace of use")],
    "LS-ADM-07": [_person("break.glass", "the break-glass account was used in the period")],
    "LS-ADM-08": [
        _person("lars.berg", "admin now, Organization User in the seed `tidy`"),
        _person(_DANA, "admin now, not in the organization in the seed `tidy`"),
        _person("break.glass", "admin now, not in the organization in the seed `tidy`"),
    ],
    "LS-ADM-09": [
        _person("sofia.rossi", "manages members through a custom role", "Marketing"),
        _person("liam.murphy", "manages members through a custom role", "Marketing"),
    ],
    "LS-MEM-01": [
        _person(_DANA, "not on the roster"),
        _person(_KIM, "not on the roster"),
        _person("team", "not on the roster"),
        _person("grace.kim+eval", "not on the roster"),
    ],
    "LS-MEM-02": [_person("david.cohen", "left according to the roster, with a live token")],
    "LS-MEM-03": [_person("ruth.goldberg", "no trace of use")],
    "LS-MEM-04": [_person("peter.lang", "disabled, with two memberships and a live token")],
    "LS-MEM-05": [_person("grace.kim+eval", "an alias of grace.kim")],
    "LS-MEM-06": [_person("team", "a shared mailbox")],
    "LS-MEM-07": [
        _person(_KIM, "a domain nobody knows"),
        _person(_DANA, "a partner's domain"),
        _thing("invitation", "late.joiner@partner.example", "invited from a partner's domain"),
        _thing("invitation", "mixed.case@partner.example", "invited from a partner's domain"),
    ],
    "LS-MEM-08": [_person("hannah.schmidt", "in no workspace")],
    "LS-MEM-09": [_person(local, "not made by SCIM, which is in use") for local in (*HAND_MADE, *_OTHERS_BY_HAND)],
    "LS-INV-01": [_thing("invitation", "late.joiner@partner.example", "pending for 40 days")],
    "LS-INV-02": [_thing("invitation", f"future.boss@{DOMAIN}", "pending as Organization Admin")],
    "LS-INV-03": [_thing("invitation", f"peter.lang@{DOMAIN}", "invited while the account is disabled")],
    "LS-WSP-01": [_thing("workspace", "Sales-Demos", "no Workspace Admin apart from Organization Admins")],
    "LS-WSP-02": [_thing("workspace", "Staging", "five Workspace Admins")],
    "LS-WSP-03": [_person(_KIM, "an outsider, if the workspace is a restricted one", "Security Review")],
    "LS-WSP-04": [_person("wei.zhang", "in all eight workspaces")],
    "LS-WSP-05": [_thing("workspace", "Sales-Demos", "the SCIM separator is `-`")],
    "LS-ROL-02": [
        _thing("role", "Power User", "every permission of Workspace Admin"),
        _thing("role", "Workspace Steward", "four sensitive permissions"),
    ],
    "LS-ROL-03": [
        _person("sofia.rossi", "holds workspaces:manage-secrets and runs:delete", "Marketing"),
        _person("liam.murphy", "holds every sensitive permission", "Marketing"),
    ],
    "LS-ROL-04": [_thing("role", "Legacy Exporter", "nobody and nothing uses it")],
    "LS-ROL-05": [_thing("role", "prompt engineer", "the same as Prompt Engineer apart from case")],
    "LS-ROL-06": [_person("sofia.rossi", "manages members and deletes runs", "Marketing")],
    "LS-ROL-07": [_thing("role", "Annotator", "gained feedback:delete since the seed `tidy`")],
    "LS-KEY-01": [_thing("service_key", "Access review automation", "org-wide with Organization Admin")],
    "LS-KEY-02": [
        _thing("service_key", "Default API key", "never expires"),
        _thing("service_key", "Nightly load of Research", "never expires"),
    ],
    "LS-KEY-03": [_thing("service_key", "Default API key", "never used")],
    "LS-KEY-04": [
        _thing("service_key", "Default API key", "420 days old"),
        _thing("service_key", "Nightly load of Research", "200 days old"),
    ],
    "LS-KEY-05": [_thing("service_key", "Default API key", "its creator has left; a description nobody wrote")],
    "LS-KEY-06": [
        _thing("service_key", "Default API key", "Workspace Admin by default"),
        _thing("service_key", "Nightly load of Research", "Workspace Admin"),
    ],
    "LS-PAT-01": [_thing("access_token", "Laptop", "grace.kim's never expires")],
    "LS-PAT-02": [_thing("access_token", "Evaluation scripts", "anton.vogel's, not used for 75 days")],
    "LS-PAT-03": [_thing("access_token", "Production sync", "tomas.okafor's, 310 traces every day")],
    "LS-SSO-01a": [_setting("sso_only", "other ways to sign in are open")],
    "LS-SSO-01b": [_thing("sso_provider", "Support", "newcomers become Workspace Admin")],
    "LS-SSO-01c": [_setting("jit_provisioning_enabled", "on, while SCIM tokens exist")],
    "LS-SCM-01": [
        _thing("scim_token", "", "no description, 410 days old, not used for 200 days"),
        _thing("scim_token", "test", "not used for 60 days"),
        _thing("organization", "Acme Robotics", "three SCIM tokens"),
    ],
    "LS-ORG-01a": [_setting("public_sharing_disabled", "public sharing is on")],
    "LS-ORG-01b": [
        _setting("max_api_key_expiry_days", "no maximum"),
        _setting("max_pat_expiry_days", "no maximum"),
        _setting("max_service_key_expiry_days", "no maximum"),
    ],
    "LS-ORG-01c": [_setting("workspace_admin_can_invite_to_org", "on")],
    "LS-ORG-01d": [_setting("ip_allowlist", "off though the plan offers it")],
    "LS-ORG-01e": [_setting("security_contact", "nobody")],
    "LS-ABC-01a": [_thing("access_policy", "deny-nowhere", "a deny that matches nothing")],
    "LS-ABC-01b": [_thing("access_policy", "allow-everything", "an allow with `*`")],
    "LS-ABC-01c": [_thing("access_policy", "orphan", "on no role")],
    "LS-ABC-01d": [
        _thing("access_policy", "ghost-key", "a tag key that does not exist"),
        _thing("access_policy", "deny-nowhere", "a tag value that does not exist"),
    ],
    "LS-ABC-01e": [_thing("access_policy", "open-untagged", "an `_if_exists` allow opens untagged data")],
    "LS-SHR-01": [
        _thing("shared_link", "angry-customer", "120 days old", "Support"),
        _thing("shared_link", "golden-answers", "64 days old", "Support"),
        _thing("shared_link", "incident-review", "in a workspace that may be restricted", "Security Review"),
    ],
    "LS-LOG-01a": [_thing("audit_log", "delete_workspace_member", "eight failures within eight minutes")],
    "LS-LOG-01b": [_thing("audit_log", "create_bulk_export", "twenty minutes after a key was created")],
    "LS-LOG-01c": [_thing("audit_log", "update_org_member", "on a Sunday at half past two in the morning")],
    "LS-LOG-01d": [_thing("audit_log", "update_org_member", "by a service key")],
    "LS-LOG-01e": [_thing("audit_log", "delete_personal_access_token", "on somebody else's token")],
}

NOT_PLANTED: dict[str, str] = {
    "LS-ADM-01": "an organization cannot have too few admins and too many; see the seed `empty`, with one",
    "LS-ROL-01": "RBAC is on here; see the seed `norbac`",
    "LS-REV-01": "it looks at the files of review campaigns, not at the organization",
}
