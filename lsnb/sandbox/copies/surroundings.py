"""Copy single sign-on, access policies, tags, public links, usage and the audit log."""

from __future__ import annotations

from datetime import timedelta

from lsnb.sandbox.copies.draft import Draft
from lsnb.sandbox.copies.rows import group_by, split_ids
from lsnb.sandbox.records import AccessPolicy, Json, Provider, ShareLink, TagKey, TagValue, Usage

_INTO_STRETCH = timedelta(minutes=30)
_OUTCOMES = {"Success": True, "Failure": False}


def copy_surroundings(draft: Draft) -> None:
    """Copy everything that stands around people and their access."""
    _copy_providers(draft)
    _copy_policies(draft)
    _copy_tags(draft)
    _copy_links(draft)
    _copy_usage(draft)
    _copy_log(draft)


def _copy_providers(draft: Draft) -> None:
    names = draft.names
    for row in draft.read("sso"):
        places = (draft.workspaces.get(real) for real in split_ids(row["default_workspace_ids"]))
        provider = Provider(
            id=names.id(row["sso_id"]),
            provider_id=names.id(row["provider_id"]),
            default_workspace_role_id=draft.role_id(row["default_role_id"]) or draft.system_role_id("WORKSPACE_VIEWER"),
            default_workspace_ids=[place.id for place in places if place],
            metadata_url=names.url(row["metadata_url"]),
            sso_groups_enabled=bool(row["has_groups"]),
            sso_groups_claim_field=names.claim(row["group_claim"] or "groups"),
            sso_groups_required=bool(row["is_group_required"]),
            sso_groups_role_sync_enabled=row["has_group_role_sync"] is not False,
        )
        draft.state.providers[provider.id] = provider


def _copy_policies(draft: Draft) -> None:
    for real, rows in group_by(draft.read("policies"), "policy_id").items():
        head = rows[0]
        roles = (draft.role_id(role) for role in split_ids(head["role_ids"]))
        policy = AccessPolicy(
            id=draft.names.id(real),
            name=draft.names.label("Policy", head["policy"]),
            description=draft.names.label("About", head["description"]),
            effect=head["effect"] or "allow",
            condition_groups=_make_groups(draft, rows),
            role_ids=[role for role in roles if role],
            created_at=draft.since(head["created_at"]),
            updated_at=draft.since(head["updated_at"] or head["created_at"]),
        )
        draft.state.policies[policy.id] = policy


def _make_groups(draft: Draft, rows: list[Json]) -> list[Json]:
    groups: dict[int, Json] = {}
    for row in rows:
        if row["group"] is None:
            continue
        about = {"permission": row["permission"], "resource_type": row["resource_type"], "conditions": []}
        group = groups.setdefault(row["group"], about)
        if row["condition"] is not None:
            group["conditions"].append(
                {
                    "attribute_name": row["attribute_name"],
                    "attribute_key": draft.names.pattern("tag", row["attribute_key"]),
                    "operator": row["operator"],
                    "attribute_value": draft.names.pattern("value", row["attribute_value"]),
                }
            )
    return list(groups.values())


def _copy_tags(draft: Draft) -> None:
    """Copy keys and values under the names that the conditions of access policies have in the copy."""
    names = draft.names
    for row in draft.read("tags"):
        workspace = draft.workspaces.get(row["workspace_id"])
        if workspace is None:
            continue
        key = TagKey(
            id=names.id(row["tag_key_id"]),
            workspace_id=workspace.id,
            key=names.pattern("tag", row["key"]) or "",
            description=None,
            created_at=draft.now,
            updated_at=draft.now,
        )
        draft.state.tag_keys[key.id] = key
        if row["tag_value_id"] is None:
            continue
        value = TagValue(
            id=names.id(row["tag_value_id"]),
            tag_key_id=key.id,
            value=names.pattern("value", row["value"]) or "",
            description=names.label("About", row["description"]) or None,
            created_at=draft.now,
            updated_at=draft.now,
        )
        draft.state.tag_values[value.id] = value


def _copy_links(draft: Draft) -> None:
    names = draft.names
    for row in draft.read("shared_links"):
        workspace = draft.workspaces.get(row["workspace_id"])
        if workspace is None:
            continue
        is_run = row["kind"] != "dataset"
        link = ShareLink(
            id=names.make("share token", row["workspace_id"], row["kind"], row["resource_id"]),
            workspace_id=workspace.id,
            kind=row["kind"] or "run",
            created_at=draft.since(row["created_at"]),
            target_id=names.id(row["resource_id"] or ""),
            target_name=names.label("Run" if is_run else "Data set", row["title"]) or None,
            run_type="chain" if is_run else None,
            session_id=names.make("project", row["workspace_id"], row["project"]) if row["project"] else None,
            session_name=names.label("Project", row["project"]) or None,
        )
        draft.state.share_links[link.id] = link


def _copy_usage(draft: Draft) -> None:
    """Copy traces. The report does not say in which workspace: all of them are put into the oldest."""
    rows = draft.read("usage")
    places = draft.state.live_workspaces()
    if not rows or not places:
        return
    keys = _find_keys(draft)
    project = draft.names.make("project", "of all usage")
    for number, row in enumerate(rows):
        by_person = row["grouped_by"] == "user"
        who = (row["email"] or row["ls_user_id"]) if by_person else row["short_key"]
        person = draft.find_person(who) if by_person else None
        unknown = draft.names.make("left", row["grouped_by"], who)
        usage = Usage(
            id=draft.names.make("usage", number),
            # At its start a stretch touches the one before, into which it would fall in a report made moments later.
            time=draft.since(row["starts_at"] + _INTO_STRETCH),
            workspace_id=places[0].id,
            project_id=project,
            traces=int(row["n_traces"]),
            person_id=(person.id if person else unknown) if by_person else None,
            key_id=None if by_person else keys.get(who or "", unknown),
        )
        draft.state.usage[usage.id] = usage
    draft.notes.append("Usage is not told by workspace; in the copy all of it is in the oldest one.")


def _find_keys(draft: Draft) -> dict[str, str]:
    """Return the keys by the part of them that was shown."""
    found = {row["short_key"]: row["service_key_id"] for row in draft.read("service_keys")}
    found |= {row["short_key"]: row["access_token_id"] for row in draft.read("access_tokens")}
    return {short: draft.names.id(real) for short, real in found.items() if short}


def _copy_log(draft: Draft) -> None:
    names = draft.names

    def name(real: str | None) -> str | None:
        return names.id(real) if real else None

    for row in draft.read("audit_log"):
        draft.state.audit.append(
            {
                "id": names.id(row["event_id"]),
                "operation_name": row["operation"] or "",
                "operation_succeeded": _OUTCOMES.get(row["outcome"]),
                "request_time": draft.since(row["at"]),
                "api_key_id": name(row["credential_id"]),
                "user_id": name(row["actor_id"]),
                "ls_user_id": name(row["ls_user_id"]),
                "organization_id": draft.state.organization.id,
                "workspace_id": name(row["workspace_id"]),
                "enrichments": {
                    "request_method": row["method"],
                    "request_path": names.path(row["path"]),
                    "client_host": names.ip(row["ip"]),
                    "client_port": row["port"],
                    "x_forwarded_for": None,
                    "response_status_code": row["http_status"],
                    "resource_ids": [names.id(real) for real in split_ids(row["resource_ids"])],
                },
            }
        )
    draft.state.audit.sort(key=lambda row: (row["request_time"], row["id"]))
