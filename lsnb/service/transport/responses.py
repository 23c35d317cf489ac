"""From one HTTP answer to its JSON, or to the exception that says what it means.

Pure functions: nothing here sends, waits or logs. Errors are returned, not raised: a traceback may be shown with its
local variables, and here a whole body is one of them, which may hold a key that was just created.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from lsnb.errors import (
    ApiError,
    AuthError,
    ConflictError,
    GatewayError,
    InvalidRequestError,
    KeyScopeError,
    NotFoundError,
    PermissionDeniedError,
    PlanGateError,
    RateLimitedError,
    ServerError,
    UnexpectedAnswerError,
    WorkspaceRequiredError,
    WrongRegionError,
)
from lsnb.errors.safe_text import visible_line, without_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lsnb.service.credentials import Key

    _loads: Callable[[bytes], Any]

try:  # about three times faster on large lists
    from orjson import loads as _loads
except ImportError:  # pragma: no cover - one environment has it or has it not
    from json import loads as _loads

Trouble = Literal["intermediary", "page", "broken"]

DETAIL_LENGTH: Final = 500

_STATUS: Final[dict[int, type[ApiError]]] = {
    400: InvalidRequestError,
    401: AuthError,
    402: PlanGateError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: NotFoundError,
    408: ServerError,  # nobody knows whether the request was carried out, as with a 5xx
    409: ConflictError,
    410: NotFoundError,
    413: InvalidRequestError,
    415: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitedError,
}
_REQUEST_ID_HEADERS: Final = ("x-request-id", "request-id", "x-trace-id", "cf-ray")

_BEARER: Final = re.compile(r"\bbearer\s+[\w.~+/=-]+", re.IGNORECASE)
_TAGS: Final = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_TARGET: Final = re.compile(r"((?:https?:)?//)(?:[^/?#@]*@)?([^/?#@]{1,200})", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)

# The five kinds of 403 differ in their body only, and the words are not a contract: what is not recognised is a
# plain PermissionDeniedError. https://docs.langchain.com/langsmith/manage-organization-by-api
_WORKSPACE_REQUIRED: Final = re.compile(r"org_scoped_key_requires_workspace", re.IGNORECASE)
_KEY_SCOPE: Final = re.compile(
    r"(workspace|tenant)[- _]scoped|org(anization)?[- _]scoped|scope of (the|this) api key", re.I
)
_PLAN_GATE: Final = re.compile(
    r"not (enabled|available|included|allowed) (for|in|on) (this|your|the current) (organization|org\b|plan|tier)"
    r"|\bupgrade\b|\benterprise\b|\b(your|current|this|pricing|payment|billing|different|higher) (plan|tier)\b"
    r"|\bplan (does|doesn't|is)\b|\brbac\b|requires? an? [\w ]*\bplan\b",
    re.IGNORECASE,
)
_INVALID_KEY: Final = re.compile(
    r"(invalid|unknown|unrecogni[sz]ed|malformed|revoked|expired|bad) (api[- _]?)?(key|token|credentials?)"
    r"|(api[- _]?)?(key|token) (is |was |has )?(invalid|unknown|not found|not recogni[sz]ed|not valid|expired|revoked)",
    re.IGNORECASE,
)
_NO_REASON: Final = frozenset(
    {"", "forbidden", "403 forbidden", "permission denied", "access denied", "not authorized"}
)


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked, for messages.

    Attributes:
        method: the HTTP method.
        path: the path, without host and query.
        host: the host that was asked, with its sub-path.
        key: the key that was sent, for its kind and to keep its text out of messages.
    """

    method: str
    path: str
    host: str
    key: Key | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer means: data, or an error.

    Attributes:
        data: the JSON; None for an empty answer.
        error: what to raise, when the answer is no.
        trouble: "intermediary" when not the service said no, "page" when something else came with a 2xx than JSON,
            "broken" when the JSON is damaged.
    """

    data: Any = None
    error: ApiError | None = None
    trouble: Trouble | None = None


def read_answer(call: Call, status: int, headers: Mapping[str, str], body: bytes) -> Reading:
    """Return the JSON of an answer, or the error that it stands for."""
    found_id = request_id(headers)
    if 200 <= status < 300:
        return _read_success(call, status, headers, body, found_id)
    if 300 <= status < 400:
        return Reading(error=_redirected(call, status, headers, found_id))
    is_json, data = _parsed(body)
    detail = _shown(detail_of(data) if is_json else _plain(body), call.key)
    kind, message = _explained(call, status, detail, data, is_json=is_json)
    error = kind(message, status=status, method=call.method, path=call.path, detail=detail, request_id=found_id)
    return Reading(error=error, trouble="intermediary" if status in {401, 403} and not is_json else None)


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the id that the service, or what stands before it, gave the request."""
    named = {name.lower(): value for name, value in headers.items()}
    return next((visible_line(named[name])[:100] for name in _REQUEST_ID_HEADERS if named.get(name)), None)


def detail_of(data: Any) -> str:
    """Return what a JSON error body says: detail, message, title or error, whichever comes first.

    Three generations of error bodies are in use: `detail` as text or as a list of problems, `error` with or without
    `message`, and RFC 7807.
    """
    if isinstance(data, str):
        return data.strip()
    if isinstance(data, list):
        return "; ".join(text for text in map(_one_problem, data) if text)
    if isinstance(data, dict):
        for name in ("detail", "message", "title", "error"):
            text = detail_of(data.get(name))
            if text:
                return text
    return "" if data is None or isinstance(data, dict) else str(data)


def scrub(text: str, key: Key | None = None) -> str:
    """Return the text without anything that looks like a key, and without the text of `key`."""
    if key is not None:
        text = text.replace(key.reveal(), key.hint)
    return _BEARER.sub("[key]", without_keys(text, instead="[key]"))


def _shown(text: str, key: Key | None) -> str:
    """Give what the service said as one line that is safe to show, cut to a length that is read."""
    return visible_line(" ".join(scrub(text, key).split()))[:DETAIL_LENGTH]


def _one_problem(item: Any) -> str:
    """Return one problem of a 422: where, and what. The rejected value is left out, as it may be a password."""
    if not isinstance(item, dict):
        return detail_of(item)
    message = str(item.get("msg") or detail_of(item))
    location = item.get("loc")
    where = ".".join(str(part) for part in location) if isinstance(location, list | tuple) else ""
    return f"{where}: {message}" if where else message


def _read_success(call: Call, status: int, headers: Mapping[str, str], body: bytes, found_id: str | None) -> Reading:
    if not body or body.isspace():
        return Reading()
    is_json, data = _parsed(body)
    if is_json:
        return Reading(data=data)
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "no content type")
    # Where it began as JSON, the service itself answered and the rest was lost on the way.
    if body.lstrip()[:1] in {b"{", b"["}:
        trouble: Trouble = "broken"
        what = f"JSON that breaks off or is damaged ({len(body)} bytes)"
        advice = "The answer was cut short on the way. Try again"
        if call.method != "GET":
            advice = "The change may have been carried out: look before trying again"
    else:
        trouble = "page"
        what = f"{visible_line(kind.partition(';')[0])[:100]} instead of JSON"
        advice = (
            f"This is not how LangSmith answers: a proxy, firewall or gateway in front of {call.host} did, such as with a "
            "login page, or the web page of LangSmith and not its API. Ask whoever runs the network, or check the address "
            f"({call.host}): on a self-hosted installation it may need a sub-path"
        )
    detail = "" if trouble == "broken" else _shown(_plain(body), call.key)
    message = f"{call} answered {status} with {what}{_quoted(detail)}. {advice}."
    error = UnexpectedAnswerError(
        message, status=status, method=call.method, path=call.path, detail=detail, request_id=found_id
    )
    return Reading(error=error, trouble=trouble)


def _redirected(call: Call, status: int, headers: Mapping[str, str], found_id: str | None) -> ApiError:
    """Return the error for a redirect that is not followed. Of the target only the host is told: the rest is theirs."""
    location = next((value for name, value in headers.items() if name.lower() == "location"), "")
    target = _TARGET.match(location)
    where = scrub(target.group(1) + target.group(2), call.key) if target else "another path of the same host"
    return UnexpectedAnswerError(
        f"{call} answered {status}, a redirect to {where}. It was not followed, and the API key was not sent there: "
        f"the key goes to {call.host} only. Either the service has moved: set LANGSMITH_ENDPOINT to its new address. Or "
        f"it is a login page, and a proxy, firewall or gateway in front of {call.host} answered: ask whoever runs the "
        "network.",
        status=status,
        method=call.method,
        path=call.path,
        detail=where,
        request_id=found_id,
    )


def _parsed(body: bytes) -> tuple[bool, Any]:
    try:
        return True, _loads(body)
    except (ValueError, RecursionError):
        return False, None


def _plain(body: bytes) -> str:
    """Return the text of a body that is not JSON, of an HTML page its title."""
    text = body[:20_000].decode("utf-8", "replace")
    title = _TITLE.search(text)
    text = title.group(1) if title and title.group(1).strip() else _TAGS.sub(" ", text)
    return " ".join(html.unescape(text).split())


def _quoted(detail: str) -> str:
    return f": {detail.rstrip('.')}" if detail else ""


def _explained(call: Call, status: int, detail: str, data: Any, *, is_json: bool) -> tuple[type[ApiError], str]:
    """Return the class of an error, and its message: what was tried, what came back, what to do next."""
    answered = f"{call} answered {status}{_quoted(detail)}."
    if status == 407 or (status in {401, 403} and not is_json):
        return AuthError if status == 401 else GatewayError, (
            f"{answered} This is not how LangSmith answers: a proxy, firewall or gateway in front of {call.host} "
            "refused the request. Ask whoever runs the network, or check the address."
        )
    if status == 403:
        kind, advice = _explained_403(call, detail, data)
        return kind, f"{answered} {advice}"
    kind = _STATUS.get(status) or (ServerError if status >= 500 else ApiError)
    if status >= 500 and not is_json:
        return kind, (
            f"{answered} This is not how LangSmith answers: a proxy, firewall or gateway in front of {call.host} did, "
            f"while the service could not be reached or has a problem. {_again(call)}."
        )
    return kind, f"{answered} {_advice(call, status)}"


def _explained_403(call: Call, detail: str, data: Any) -> tuple[type[ApiError], str]:
    whole = scrub(json.dumps(data), call.key)
    kind = call.key.kind if call.key is not None else "unknown"
    if _WORKSPACE_REQUIRED.search(whole):
        return WorkspaceRequiredError, (
            "This organization-wide key needs a workspace for this call: pass workspace_id, or set LANGSMITH_WORKSPACE_ID."
        )
    if _PLAN_GATE.search(detail):
        return PlanGateError, "The plan of this organization does not include it. Ask whoever manages the subscription."
    if _INVALID_KEY.search(detail):
        return WrongRegionError, (
            f"{call.host} does not know this key. It may have been made in another region or installation: "
            "check LANGSMITH_ENDPOINT (us, eu, apac, aws, or your own address); or it was deleted."
        )
    without_reason = detail.lower().rstrip(".! ") in _NO_REASON
    if _KEY_SCOPE.search(detail) or (kind == "service" and "/orgs/current" in call.path and without_reason):
        return KeyScopeError, (
            "A service key of single workspaces may not use the endpoints of the organization; neither may an "
            "organization-wide one whose organization role does not allow this. Use a personal access token of an "
            "Organization Admin, or an organization-wide service key with that role."
        )
    region = (
        f" If every call is refused, the key may belong to another region than {call.host}: check LANGSMITH_ENDPOINT."
        if without_reason
        else ""
    )
    return PermissionDeniedError, f"The role behind this key does not allow it; whoami() shows what it allows.{region}"


def _advice(call: Call, status: int) -> str:
    if status == 401:
        old = (
            " Keys that start with ls__ stopped working in October 2024."
            if call.key and call.key.kind == "legacy"
            else ""
        )
        return (
            f"{call.host} does not accept this key: it is mistyped, expired, revoked, or of another region "
            f"(check LANGSMITH_ENDPOINT).{old} Make a new one in LangSmith under Settings → API keys."
        )
    if status == 402:
        return "The plan of this organization does not include it. Ask whoever manages the subscription."
    if status in {404, 405, 410}:
        return "No such object, or this server does not offer the endpoint (an older self-hosted version?)."
    if status == 409:
        return "It exists already, or is in use. Load the present state and compare."
    if status in {400, 413, 415, 422}:
        return "The service did not accept these values. Correct them and try again."
    if status == 429:
        return "Too many requests, also after waiting. Wait a minute, or use fewer workers."
    if status >= 500 or status == 408:
        return f"The service has a problem. {_again(call)}."
    return "This answer is not one that is expected here."


def _again(call: Call) -> str:
    return "Try again later" if call.method == "GET" else "It may have been carried out: look before trying again"
