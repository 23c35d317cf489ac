"""The audit log as a table, and how its pages are read."""

from __future__ import annotations

import pandas as pd
import pytest

import lsnb
from lsnb.errors import IncompleteListError, InvalidRequestError
from lsnb.service.api import Api
from lsnb.service.config import load_settings
from lsnb.service.transport import Transport
from lsnb.tables.activity import AUDIT_LOG, build_audit_log

MOMENT = pd.Timestamp("2026-05-06T07:08:09.123Z")


def event(uid="1", **more):
    """Make an event as the service sends it."""
    return {"time": int(MOMENT.timestamp() * 1000), "metadata": {"uid": uid}, "api": {"operation": "x"}} | more


def raw(**fields):
    """Make the part of an event that holds the raw row."""
    return {"original_audit_log": fields}


def test_every_field_of_an_event_becomes_a_column():
    """OCSF is flattened; lists are joined, and what is unknown is missing."""
    table = build_audit_log(
        [
            event(
                activity_name="Update",
                status="Success",
                actor={"user": {"uid": "u", "credential_uid": "k"}},
                http_request={"http_method": "PATCH", "url": {"path": "/p"}},
                http_response={"code": 200},
                src_endpoint={"ip": "192.0.2.7", "port": 4711, "intermediate_ips": ["192.0.2.1", "192.0.2.2"]},
                resources=[{"uid": "a"}, {"uid": None}, {"uid": "b"}],
                unmapped=raw(workspace_id="w", ls_user_id="l"),
            ),
            event("2", resources=[{"uid": None}], src_endpoint={"intermediate_ips": []}),
        ]
    )
    assert AUDIT_LOG.column_names == list(table.columns)
    expected = {
        "operation": "x",
        "activity": "Update",
        "outcome": "Success",
        "actor_id": "u",
        "credential_id": "k",
        "resource_ids": "a, b",
        "workspace_id": "w",
        "method": "PATCH",
        "path": "/p",
        "http_status": 200,
        "ip": "192.0.2.7",
        "port": 4711,
        "proxies": "192.0.2.1, 192.0.2.2",
        "ls_user_id": "l",
        "event_id": "1",
    }
    assert expected == table.iloc[0].drop("at").to_dict()
    assert table.iloc[1].drop(["at", "operation", "event_id"]).isna().all()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-05-06T07:08:09.123456+00:00", "2026-05-06T07:08:09.123456Z"),
        ("2026-05-06T09:08:09.123456+02:00", "2026-05-06T07:08:09.123456Z"),
        ("2026-05-06T07:08:09.123456", "2026-05-06T07:08:09.123456Z"),
        ("2020-01-01T00:00:00Z", "2026-05-06T07:08:09.123Z"),
        ("yesterday", "2026-05-06T07:08:09.123Z"),
        (None, "2026-05-06T07:08:09.123Z"),
    ],
)
def test_the_raw_row_tells_the_time_more_finely_where_it_agrees(written, expected):
    """Milliseconds become microseconds; a raw time that is another one is not believed."""
    table = build_audit_log([event(unmapped=raw(request_time=written))])
    assert [pd.Timestamp(expected)] == table["at"].tolist()


def test_events_without_an_id_are_told_apart_by_what_they_say():
    """Two of them are not one; the same one twice is."""
    bare = [event(None, api={"operation": name}) for name in ("a", "b", "b")]
    table = build_audit_log(bare)
    assert ["a", "b"] == sorted(table["operation"])
    assert table["event_id"].equals(build_audit_log(bare)["event_id"])
    assert ["row"] == build_audit_log([event(None, unmapped=raw(id="row"))])["event_id"].tolist()


def patient(server):
    """Connect so that retries come at once."""
    return Api(Transport(load_settings(endpoint=server.url, api_key=server.key, environ={}), sleep=lambda s: None))


def window():
    """Give the time that the seed's log covers."""
    end = pd.Timestamp.now("UTC")
    return end - pd.Timedelta(days=399), end


def test_a_cursor_that_expires_begins_the_window_anew(server):
    """The service refuses one cursor in the middle: all events come, after reading the window once more."""
    whole = patient(server).list_audit_log(*window())
    server.faults.add(path="audit-logs", status=400, body={"detail": "cursor expired"}, skip=2)
    assert whole == patient(server).list_audit_log(*window())
    server.faults.add(path="audit-logs", status=400, body={"detail": "cursor expired"}, skip=2, times=None)
    with pytest.raises(InvalidRequestError, match="cursor expired"):
        patient(server).list_audit_log(*window())


def test_a_cursor_that_goes_in_circles_is_an_error(server):
    """A list without an end is not taken for the whole."""
    page = {"cursor": "again", "items": []}
    server.faults.add(path="audit-logs", status=200, body=page, times=None)
    with pytest.raises(IncompleteListError, match="same cursor"):
        patient(server).list_audit_log(*window())


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_service_is_waited_for(server, status):
    """Pages are asked for again after 429 and 5xx."""
    whole = patient(server).list_audit_log(*window())
    server.faults.add(path="audit-logs", status=status, headers={"Retry-After": "0"}, skip=1, times=2)
    assert whole == patient(server).list_audit_log(*window())


def test_a_window_can_be_narrowed(server):
    """Only some operations, or only one workspace."""
    api = lsnb.connect(endpoint=server.url, api_key=server.key).api
    found = build_audit_log(api.list_audit_log(*window(), operations=["login", "create_workspace"]))
    assert {"login", "create_workspace"} == set(found["operation"])
    place = found["workspace_id"].dropna().iloc[0]
    assert {place} == set(build_audit_log(api.list_audit_log(*window(), workspace_id=place))["workspace_id"])
