"""The demo organization without a socket: a session of requests that calls it in this process, one request at a time."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, MutableMapping
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from lsnb.sandbox.app import make_app
from lsnb.sandbox.instance import Instance
from lsnb.sandbox.middleware import Front

_one_by_one = threading.Lock()

URL = "http://127.0.0.1:1"


class Inside(BaseAdapter):
    """Answers requests by calling the demo organization.

    Attributes:
        watch: called around each request with a function that carries it out; what it raises ends the request.
    """

    def __init__(self, instance: Instance) -> None:
        super().__init__()
        self._front = Front(instance, make_app(), lambda scope: None)
        self.watch: Callable[[requests.PreparedRequest, Callable[[], requests.Response]], requests.Response]
        self.watch = lambda request, carry_out: carry_out()

    def send(self, request: requests.PreparedRequest, *args: Any, **how: Any) -> requests.Response:
        """Answer one request."""
        return self.watch(request, lambda: self._answer(request))

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _answer(self, request: requests.PreparedRequest) -> requests.Response:
        url = urlsplit(request.url or "")
        body = request.body or b""
        scope = {
            "type": "http",
            "method": request.method,
            "path": url.path,
            "raw_path": url.path.encode(),
            "query_string": url.query.encode(),
            "headers": [(b"host", url.netloc.encode())]
            + [
                (name.lower().encode(), str(value).encode())
                for name, value in request.headers.items()
                if name.lower() != "accept-encoding"
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 1),
            "scheme": "http",
            "http_version": "1.1",
            "root_path": "",
        }
        heard: list[MutableMapping[str, Any]] = [
            {"type": "http.request", "body": body if isinstance(body, bytes) else body.encode()}
        ]
        said: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return heard.pop() if heard else {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            said.append(message)

        async def directly(function: Callable[..., Any], *args: Any, **how: Any) -> Any:
            return function(*args, **how)

        # Nothing in it waits for anything but threads that it asks for, so no loop is needed.
        with _one_by_one, patch("fastapi.dependencies.utils.run_in_threadpool", directly):
            running = self._front(scope, receive, send)
            try:
                running.send(None)  # type: ignore[attr-defined]
            except StopIteration:
                pass
            else:
                raise RuntimeError(f"{request.method} {url.path} waits for something")
        return _make_response(request, said)


def _make_response(request: requests.PreparedRequest, said: list[MutableMapping[str, Any]]) -> requests.Response:
    if not said:
        raise requests.ConnectionError("the connection broke")
    response = requests.Response()
    response.status_code = said[0]["status"]
    response.headers = CaseInsensitiveDict((name.decode(), value.decode()) for name, value in said[0]["headers"])
    if said[-1].get("more_body"):
        raise requests.exceptions.ChunkedEncodingError("the answer was cut")
    body = b"".join(message.get("body", b"") for message in said[1:])
    response._content = body
    response.raw = io.BytesIO(body)
    response.url, response.request = request.url or "", request
    return response


def make_session(adapter: BaseAdapter) -> requests.Session:
    """Make a session that reaches nothing but the demo organization."""
    session = requests.Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    return session
