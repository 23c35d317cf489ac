"""The sample program of LangSmith's page, start to end, with its mistakes."""

from __future__ import annotations

import requests


def test_sample_program_runs(small):
    """Every call of the sample succeeds; its wrong field names are ignored without a word."""
    headers = {"X-API-Key": small.key, "X-Organization-Id": small.organization_id}
    url = small.url + "/api/v1"

    def send(method, path, workspace=None, **more):
        extra = {"X-Tenant-Id": workspace} if workspace else {}
        response = requests.request(method, url + path, headers=headers | extra, timeout=5, **more)
        response.raise_for_status()
        return response.json()

    workspace = send("POST", "/workspaces", json={"display_name": "My Workspace"})["id"]
    roles = send("GET", "/orgs/current/roles")
    org = {role["display_name"]: role["id"] for role in roles if role["access_scope"] == "organization"}
    place = {role["display_name"]: role["id"] for role in roles if role["access_scope"] == "workspace"}

    invited = send(
        "POST",
        "/orgs/current/members",
        json={
            "email": "New.Colleague@acme.example",
            "role_id": org["Organization User"],
            "workspace_ids": [workspace],
            "workspace_role_id": place["Editor"],
        },
    )
    assert invited["email"] == "new.colleague@acme.example"

    everybody = send("GET", "/orgs/current/members")
    person = next(row for row in everybody["members"] if row["email"] == "emma.larsen@acme.example")
    wrong = {"user_id": person["user_id"], "workspace_ids": [workspace], "workspace_role_id": place["Viewer"]}
    added = send("POST", "/workspaces/current/members", workspace, json=wrong)
    assert added["role_name"] != "Viewer"

    members = send("GET", "/workspaces/current/members", workspace)
    row = next(row for row in members["members"] if row["email"] == person["email"])
    assert row["id"] != person["id"]
    assert ["new.colleague@acme.example"] == [pending["email"] for pending in members["pending"]]
    assert (
        send("PATCH", f"/workspaces/current/members/{row['id']}", workspace, json={"role_id": place["Viewer"]}) is None
    )
    send("PATCH", f"/orgs/current/members/{person['id']}", json={"role_id": org["Organization Viewer"]})

    active = send("GET", "/orgs/current/members/active", params={"emails": person["email"]})
    assert active[0]["role_name"] == "Organization Viewer"
    key = send("POST", "/orgs/current/service-keys", json={"description": "ci", "workspaces": [workspace]})
    used = requests.get(url + "/workspaces/current/stats", headers={"X-API-Key": key["key"]}, timeout=5)
    assert used.json()["tenant_id"] == workspace
