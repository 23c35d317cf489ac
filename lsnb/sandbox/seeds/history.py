"""Acme's past: its audit log and its traces."""

from __future__ import annotations

from collections.abc import Sequence

from lsnb.sandbox.records import Usage
from lsnb.sandbox.seeds.builder import Builder

_WORK = (
    ("login", "POST", "/api/v1/login"),
    ("create_commit", "POST", "/commits"),
    ("update_dataset", "PATCH", "/api/v1/datasets"),
    ("create_chart", "POST", "/api/v1/charts"),
    ("add_runs_to_annotation_queue", "POST", "/api/v1/annotation-queues/runs"),
    ("create_example", "POST", "/api/v1/examples"),
)
# Changes to access that somebody of the administration makes now and then, from the web page.
_ADMINISTRATION = (
    ("invite_user_to_org", "POST", "/api/v1/orgs/current/members"),
    ("add_member_to_workspace", "POST", "/api/v1/workspaces/current/members"),
    ("update_workspace_member", "PATCH", "/api/v1/workspaces/current/members"),
    ("delete_workspace_member", "DELETE", "/api/v1/workspaces/current/members"),
    ("create_workspace", "POST", "/api/v1/workspaces"),
    ("create_tag_value", "POST", "/api/v1/workspaces/current/tag-keys"),
)
_DAYS_KEPT = 400


def add_history(builder: Builder, active: Sequence[str]) -> None:
    """Add some hundred rows over 400 days: everybody active works now and then, in working hours."""
    administrators = [email for email in active if _is_administrator(builder, email)]
    shorts = {workspace_id: short for short, workspace_id in builder.workspaces.items()}
    for index, email in enumerate(active):
        places = list(builder.state.places[builder.id("identity", email)])
        for step in range(9):
            days = 1 + index % 20 + 43 * step
            operation, method, path = _WORK[(index + step) % len(_WORK)] if step else _WORK[0]
            workspace = shorts[places[step % len(places)]] if places and operation != "login" else None
            time = builder.work_time(min(days, _DAYS_KEPT - 4), email)
            builder.log(time, operation, email, method=method, path=path, workspace=workspace)
    for step in range(45):
        operation, method, path = _ADMINISTRATION[step % len(_ADMINISTRATION)]
        email = administrators[step % len(administrators)]
        time = builder.work_time(8.6 * step + 2, step)
        builder.log(time, operation, email, method=method, path=path, workspace="prod")
    # The record reaches to both ends of what is kept, so there is no gap to explain.
    for edge in (_DAYS_KEPT - 0.1, 0.05):
        builder.log(builder.ago(edge), "login", administrators[0], path="/api/v1/login")


def _is_administrator(builder: Builder, email: str) -> bool:
    return builder.state.people[builder.id("identity", email)].role_id in (
        builder.org_roles["A"],
        builder.org_roles["O"],
    )


def add_usage(builder: Builder, active: Sequence[str]) -> None:
    """Add the traces of 45 days: applications by service keys, people in their playgrounds."""
    shorts = {workspace_id: short for short, workspace_id in builder.workspaces.items()}
    for days in range(1, 46):
        for short in ("prod", "stag", "supp"):
            traces = 400 + builder.number("traffic", short, days) % 900
            add_traces(builder, short, "default", days=days, traces=traces, key=f"ingest-{short}")
        for index, email in enumerate(active):
            if days % 9 == index % 9:
                places = list(builder.state.places[builder.id("identity", email)])
                short = shorts[places[0]] if places else "prod"
                traces = 3 + builder.number("play", email, days) % 40
                add_traces(builder, short, "playground", days=days, traces=traces, email=email)


def add_traces(
    builder: Builder, workspace: str, project: str, *, days: float, traces: int, email: str | None = None,
    key: str | None = None,
) -> None:  # fmt: skip
    """Add the traces of one hour in one project."""
    usage = Usage(
        id=builder.id("usage", workspace, project, days, email or key),
        time=builder.work_time(days, f"{workspace} {email or key}")[:13] + ":00:00.000000+00:00",
        workspace_id=builder.workspaces[workspace],
        project_id=builder.id("resource", workspace, "project", project),
        traces=traces,
        person_id=builder.id("identity", email) if email else None,
        key_id=builder.id("key", key) if key else None,
    )
    builder.state.usage[usage.id] = usage
