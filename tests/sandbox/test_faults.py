"""Faults on demand (DESIGN 7)."""

from __future__ import annotations

import time

import pytest
import requests

INVITE = "/api/v1/orgs/current/members"
SOMEBODY = {"email": "somebody@acme.example"}


def test_status_answers_without_carrying_out(small, client):
    """A 429 with its header, once; then the service is back."""
    small.faults.add(method="POST", path="/members$", status=429, headers={"Retry-After": "2"})
    refused = client.call("POST", INVITE, json=SOMEBODY)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert small.state.emails_sent == []
    assert client.call("POST", INVITE, json=SOMEBODY).status_code == 200


def test_drop_before_does_nothing(small, client):
    """The connection closes and nothing has happened."""
    small.faults.add(method="POST", kind="drop-before")
    with pytest.raises(requests.ConnectionError):
        client.call("POST", INVITE, json=SOMEBODY)
    assert small.state.emails_sent == []
    assert small.requests[-1]["status"] is None


def test_drop_after_carries_out(small, client):
    """The connection closes after the write, which the log shows."""
    small.faults.add(method="POST", kind="drop-after")
    with pytest.raises(requests.ConnectionError):
        client.call("POST", INVITE, json=SOMEBODY)
    assert [mail["email"] for mail in small.state.emails_sent] == ["somebody@acme.example"]
    assert (small.requests[-1]["status"], small.requests[-1]["fault"]) == (200, "drop-after")
    assert client.call("POST", INVITE, json=SOMEBODY).status_code == 409


def test_after_carries_out_and_answers_something_else(small, client):
    """An error, or a body that is empty or makes no sense, comes back for what was done."""
    for status, body in ((500, None), (200, ""), (200, {"unexpected": True})):
        small.state.emails_sent.clear()
        small.faults.add(method="POST", kind="after", status=status, body=body)
        response = client.call("POST", INVITE, json={"email": f"somebody{status}{bool(body)}@acme.example"})
        assert (response.status_code, len(small.state.emails_sent)) == (status, 1)
        assert body is None or response.text == (body if isinstance(body, str) else '{"unexpected":true}')


def test_hang_carries_out_before_it_waits(small, client):
    """Whoever does not wait for the answer finds it done."""
    small.faults.add(method="POST", kind="hang", delay_ms=300)
    with pytest.raises(requests.ReadTimeout):
        client.call("POST", INVITE, json=SOMEBODY, timeout=0.1)
    assert [mail["email"] for mail in small.state.emails_sent] == ["somebody@acme.example"]


def test_lag_lets_reads_show_what_was_there_before(small, client):
    """The write is done, and lists do not show it until they have caught up."""
    small.faults.add(method="POST", kind="lag")
    assert client.call("POST", INVITE, json=SOMEBODY).status_code == 200
    pending = "/api/v1/orgs/current/members/pending"
    assert "somebody@acme.example" not in {row["email"] for row in client.get(pending)}
    small.faults.catch_up()
    assert "somebody@acme.example" in {row["email"] for row in client.get(pending)}


def test_delay_waits_and_then_answers(small, client):
    """Only slower."""
    small.faults.add(path="/info", kind="delay", delay_ms=120)
    started = time.perf_counter()
    assert client.get("/api/v1/info")
    assert time.perf_counter() - started >= 0.12


@pytest.mark.parametrize(("status", "expected"), [(None, 200), (403, 403)])
def test_html_is_a_proxys_page(small, client, status, expected):
    """Something in front answers with HTML, whatever the status."""
    small.faults.add(kind="html", status=status)
    response = client.call("GET", "/api/v1/orgs/current")
    assert expected == response.status_code
    assert response.headers["content-type"].startswith("text/html")
    assert b"proxy" in response.content


def test_truncate_sends_half_under_the_full_length(small, client):
    """A body cut short cannot be read to its end."""
    small.faults.add(kind="truncate", path="/roles$")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        client.call("GET", "/api/v1/orgs/current/roles")
    assert len(client.get("/api/v1/orgs/current/roles")) == 15


def test_times_skip_and_clear(small, client):
    """A fault hits the third and fourth request, or until it is cleared."""
    path = "/api/v1/info"
    small.faults.add(path="/info$", times=2, skip=2, status=503)
    assert [client.call("GET", path).status_code for _ in range(5)] == [200, 200, 503, 503, 200]
    small.faults.add(method="*", path="/info$", times=None)
    assert [client.call("GET", path).status_code for _ in range(3)] == [500] * 3
    small.faults.clear()
    assert client.call("GET", path).status_code == 200


def test_faults_over_http(small, client):
    """The same from outside; a kind that does not exist is a 422."""
    url = small.url + "/_sandbox/faults"
    body = {"method": "GET", "path": "/info$", "kind": "status", "status": 502, "body": {"error": "bad gateway"}}
    assert requests.post(url, json=body, timeout=5).json()[0]["hits"] == 0
    response = client.call("GET", "/api/v1/info")
    assert (response.status_code, response.json()) == (502, {"error": "bad gateway"})
    assert requests.get(url, timeout=5).json()[0]["hits"] == 1
    assert requests.post(url, json={"kind": "flood"}, timeout=5).status_code == 422
    assert requests.delete(url, timeout=5).json() == []


def test_reset_clears_faults(small, client):
    """A reset takes waiting faults away."""
    small.faults.add(path="/info$", times=None)
    small.reset()
    assert client.call("GET", "/api/v1/info").status_code == 200
