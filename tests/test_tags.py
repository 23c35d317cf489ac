from __future__ import annotations

import lsnb
from lsnb.tables import SPECS


def read(server):
    """Read what tags hang on."""
    return lsnb.connect(endpoint=server.url, api_key=server.key).snapshot(tables=["tags", "policies", "workspaces"])


def asked(server):
    """Count the requests for tags."""
    return sum(line["path"].endswith("/workspaces/current/tags") for line in server.requests)


def test_tags_are_read_where_policies_compare_with_them(server):
    """Every key and value of every workspace is there, a key without values as well; one call per workspace."""
    snap = read(server)
    state = server.state
    expected = {
        (state.workspaces[key.workspace_id].display_name, key.key, value.value)
        for key in state.tag_keys.values()
        for value in state.tag_values.values()
        if value.tag_key_id == key.id
    }
    assert expected
    found = snap.tags.dropna(subset=["value"])
    assert expected == set(found[["workspace", "key", "value"]].itertuples(index=False, name=None))
    assert set(state.tag_keys) == set(snap.tags["tag_key_id"])
    assert asked(server) == int((~snap.workspaces["is_deleted"].fillna(False).astype(bool)).sum())
    assert SPECS["tags"].column_names == snap.tags.columns.tolist()


def test_nobody_pays_for_tags_without_policies(server):
    """Without policies to compare with them no call is made, and the table is not taken for empty."""
    server.state.policies.clear()
    server.state.touch()
    snap = read(server)
    assert 0 == asked(server)
    assert not snap.is_readable("tags")
    assert ("not-loaded", "there are no access policies to compare them with.") == snap.status("tags")


def test_tags_of_a_workspace_that_cannot_be_read_are_said_to_be_missing(server):
    """The rest is there, as a part."""
    server.faults.add(path="/workspaces/current/tags$", kind="status", status=403, times=1)
    snap = read(server)
    status, reason = snap.status("tags")
    assert "partial" == status
    assert "the tags of 1 workspaces could not be read" in reason
