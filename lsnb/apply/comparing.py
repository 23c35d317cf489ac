"""Whether a change of a workspace, role, key, token or setting still starts from what is there, and has led to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from lsnb.plan.live import Record, Resources
from lsnb.plan.model import Change
from lsnb.plan.references import is_reference
from lsnb.plan.structure import THINGS

# How far the service's clock may be behind ours.
_CLOCK_SLACK = timedelta(minutes=5)
# For these an empty value of any kind says the same: that nothing is set.
_NOTHING: tuple[Any, ...] = (None, "", [])


def thing_holds(change: Change, resources: Resources) -> bool:
    """Tell whether what a change starts from is still there."""
    kind, before = change.kind, change.before or {}
    if kind in ("CreateWorkspace", "CreateRole"):
        return _named(change, resources) is None
    if kind == "CreateServiceKey":
        return True
    if kind == "UpdateSettings":
        setting = change.ids["setting"]
        return setting in resources.all("settings") and _is_same_value(_present(change, resources), before.get(setting))
    if kind == "UnshareAll":
        known = before.get("shared_links")
        present = resources.links.get(change.ids["workspace_id"], 0)
        return present > 0 and known in (None, present)
    record = _record(change, resources)
    if kind in ("RevokeAccessToken", "ReinstateAccessToken"):
        # Other people's tokens are listed by some services only; asking twice for the same does no harm.
        state = _token_state(record)
        return state is None or state == before.get("state", state)
    if record is None:
        return False
    if kind in ("RenameWorkspace", "DeleteWorkspace"):
        return bool(record.get("display_name") == before.get("workspace"))
    if kind in ("UpdateRole", "DeleteRole"):
        return _is_same_role(record, before)
    if kind == "SetServiceKeyRole":
        return _has_roles(record, before)
    return _blank(record.get("description")) == _blank(before.get("description"))


def thing_reached(change: Change, resources: Resources) -> bool:
    """Tell whether what a change leads to is there, as far as the service shows it."""
    kind, after = change.kind, change.after or {}
    if kind == "UpdateSettings":
        setting = change.ids["setting"]
        return setting in resources.all("settings") and _is_same_value(_present(change, resources), after.get(setting))
    if kind == "UnshareAll":
        return resources.links.get(change.ids["workspace_id"]) == 0
    record = _record(change, resources)
    if kind in ("DeleteWorkspace", "DeleteRole", "DeleteServiceKey"):
        return record is None
    if kind in ("RevokeAccessToken", "ReinstateAccessToken"):
        return _token_state(record) == after.get("state")
    if record is None and kind in ("CreateWorkspace", "CreateRole"):
        record = _named(change, resources)
    if record is None:
        return False
    if kind in ("CreateWorkspace", "RenameWorkspace"):
        return bool(record.get("display_name") == after.get("workspace"))
    if kind in ("CreateRole", "UpdateRole"):
        return _is_same_role(record, after)
    return kind == "CreateServiceKey" or (_shows_roles(record) and _has_roles(record, after))


def can_be_compared(change: Change, resources: Resources) -> bool:
    """Tell whether the service shows what a change leads to; some lists leave out tokens of others, or keys' roles."""
    if change.kind in ("RevokeAccessToken", "ReinstateAccessToken"):
        return _token_state(_record(change, resources)) is not None
    if change.kind == "SetServiceKeyRole":
        record = _record(change, resources)
        return record is None or _shows_roles(record)
    return True


def found_id(change: Change, resources: Resources) -> str | None:
    """Give the id of what a change was to create, where it is there."""
    record = _named(change, resources) if change.kind in ("CreateWorkspace", "CreateRole") else None
    return str(record["id"]) if record is not None else None


def lost_key(change: Change, resources: Resources, *, since: str | None, others: Collection[str]) -> Record | None:
    """Find the key that a request without an answer has made: by its description and the time.

    Args:
        change: the change that makes it.
        resources: what is there now.
        since: when the request was sent, ISO 8601, UTC.
        others: the ids of keys that it is not.
    """
    description = (change.after or {}).get("description")
    earliest = datetime.fromisoformat(since) - _CLOCK_SLACK if since else None
    keys: Mapping[str, Record] = resources.all("keys")
    for id_, record in keys.items():
        if id_ in others or id_ in resources.earlier_keys or record.get("description") != description:
            continue
        made = record.get("created_at")
        if earliest is None or not made or datetime.fromisoformat(str(made)) >= earliest:
            return record
    return None


def thing_words(change: Change, resources: Resources) -> str:
    """Say what is there now."""
    kind = change.kind
    if kind == "UpdateSettings":
        return _setting_words(change, resources)
    if kind == "UnshareAll":
        count = resources.links.get(change.ids["workspace_id"], 0)
        return f"{change.workspace} has {count:,} public link{'' if count == 1 else 's'}"
    record = _record(change, resources) or (_named(change, resources) if kind.startswith("Create") else None)
    if "Workspace" in kind:
        name = (change.before or change.after or {}).get("workspace")
        if record is None:
            return (
                f"there is no workspace {name!r} under that id" if change.before else f"there is no workspace {name!r}"
            )
        return f"the workspace is there and is called {record.get('display_name')!r}"
    if kind in ("CreateRole", "UpdateRole", "DeleteRole"):
        return _role_words(change, record)
    what = "token" if "Token" in kind else "service key"
    name = (change.before or change.after or {}).get("description")
    if record is None:
        return f"the {what} {name!r} is not among those that the service lists"
    if what == "token":
        return f"the token {name!r} is {_token_state(record) or 'there'}"
    if kind == "SetServiceKeyRole":
        return f"the service key {name!r} has other roles"
    return f"the service key {name!r} is there"


def _setting_words(change: Change, resources: Resources) -> str:
    setting = change.ids["setting"]
    if setting not in resources.all("settings"):
        return f"this server shows no setting {setting}; a name that it does not know is ignored"
    return f"{setting} is {_present(change, resources)!r}"


def _role_words(change: Change, record: Record | None) -> str:
    values = change.before or change.after or {}
    name = values.get("role")
    if record is None:
        return f"there is no role {name!r}"
    live, known = set(record.get("permissions") or ()), set(values.get("permissions") or ())
    parts = [f"the role {name!r} is there"]
    if record.get("display_name") != name:
        parts.append(f"is called {record.get('display_name')!r}")
    if live - known:
        parts.append(f"has {', '.join(sorted(live - known))} too")
    if known - live:
        parts.append(f"has not {', '.join(sorted(known - live))}")
    if _blank(record.get("description")) != _blank(values.get("description")):
        parts.append("has another description")
    if change.before and change.after and len(parts) == 1:
        parts.append("as it was before")
    return ", ".join(parts)


def _record(change: Change, resources: Resources) -> Record | None:
    """Find the thing by its id."""
    id_ = change.ids[THINGS[change.kind]]
    if is_reference(id_):
        return None
    if change.kind in ("RevokeAccessToken", "ReinstateAccessToken"):
        return resources.find("tokens", id_)
    lists = {"workspace_id": "workspaces", "role_id": "roles", "key_id": "keys"}
    return resources.find(lists[THINGS[change.kind]], id_)


def _named(change: Change, resources: Resources) -> Record | None:
    """Find what a change was to create, by its name."""
    after = change.after or {}
    if change.kind == "CreateWorkspace":
        return resources.named("workspaces", "display_name", after.get("workspace"))
    if change.kind == "CreateRole":
        return resources.named("roles", "display_name", after.get("role"))
    return None


def _present(change: Change, resources: Resources) -> Any:
    return resources.all("settings").get(change.ids["setting"])


def _is_same_value(here: Any, there: Any) -> bool:
    if here in _NOTHING or there in _NOTHING:
        return here in _NOTHING and there in _NOTHING
    if isinstance(here, list) and isinstance(there, list | tuple):
        return sorted(map(str, here)) == sorted(map(str, there))
    return bool(here == there)


def _is_same_role(record: Record, values: Mapping[str, Any]) -> bool:
    return (
        record.get("display_name") == values.get("role")
        and _blank(record.get("description")) == _blank(values.get("description"))
        and set(record.get("permissions") or ()) == set(values.get("permissions") or ())
    )


def _shows_roles(record: Record) -> bool:
    return "role_id" in record


def _has_roles(record: Record, values: Mapping[str, Any]) -> bool:
    """Compare the roles of a key; one that is not known on either side is no difference."""
    return all(
        not record.get(name) or not values.get(name) or record[name] == values[name]
        for name in ("role_id", "org_role_id")
    )


def _token_state(record: Record | None) -> str | None:
    if record is None:
        return None
    if record.get("revoked_at"):
        return "revoked"
    known = record.get("is_revoked")
    return None if known is None else "revoked" if known else "active"


def _blank(value: object) -> str:
    return str(value or "").strip()
