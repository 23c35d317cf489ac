"""Every exception that lsnb raises on purpose, in one tree.

    LsnbError
    ├── ConfigError                 no key, an address that cannot be used
    │   └── MissingExtraError       an optional package is not installed; names the extra
    ├── ApiError                    the service answered, and the answer is no
    │   ├── AuthError               401: key unknown, expired or revoked
    │   ├── PermissionDeniedError   403, told apart:
    │   │   ├── KeyScopeError           a workspace key on an organization endpoint
    │   │   ├── WorkspaceRequiredError  an organization-wide key without a workspace
    │   │   ├── PlanGateError           the organization's plan does not include it
    │   │   ├── WrongRegionError        the key belongs to another host
    │   │   └── GatewayError            a proxy or firewall in front of the service refused; also 407
    │   ├── NotFoundError           404, 405
    │   ├── ConflictError           409
    │   ├── InvalidRequestError     400, 422
    │   ├── RateLimitedError        429, after the retries
    │   ├── ServerError             5xx, after the retries
    │   └── UnexpectedAnswerError   2xx, but not the JSON that was promised
    ├── TransportError              no answer at all; `.outcome` is "not-sent" or "unknown"
    ├── IncompleteListError         fewer rows than the service promised
    ├── UserOnlyError               only a person who is logged in may do this
    ├── NotOfferedError             this server does not have the endpoint for it
    ├── TableError                  `.problems`: a DataFrame of all bad cells
    │   ├── UnreadableTableError    the table could not be read, so it is not empty but unknown
    │   └── UnknownNameError        a question names what is not there, or more than one; `.nearest` are like it
    ├── GridError                   a grid was asked for a row, column or edit that it does not have or allow
    ├── SnapshotFileError           a snapshot file is damaged, or of another version
    ├── PlanError                   a plan cannot be made or used
    │   ├── UnsafePlanError         `.reasons`: the safety rules that refuse it
    │   ├── StalePlanError          `.differences`: what changed since the plan was made
    │   ├── SpentPlanError          the plan has been applied already
    │   ├── BusyOrganizationError   another run is changing the organization right now
    │   └── UnconfirmedPlanError    the fingerprint was not handed back, or is another one
    ├── JournalError                a journal is damaged, or of another version
    ├── LogStoreError               a folder cannot keep the audit log, or is damaged
    └── DiffError                   two snapshots cannot be compared

Every message says what was tried, what came back, and what to do next. None holds a key or a whole body, and none
steers the terminal that it is shown on: see `safe_text`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lsnb.errors.safe_text import one_line, visible, without_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


class LsnbError(Exception):
    """The parent of every exception that lsnb raises on purpose.

    Its message is safe to show, whatever names and answers went into it: no control characters, no key.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*(_shown(arg) if isinstance(arg, str) else arg for arg in args))


def _shown(text: str) -> str:
    return visible(without_keys(text))


class ConfigError(LsnbError):
    """Settings cannot be used: no key, an address that is not one, or plain http to another machine."""


class MissingExtraError(ConfigError):
    """An optional package is needed for this and is not installed.

    Args:
        package: the package that is missing.
        extra: the extra of lsnb that brings it.
        purpose: what it is needed for, to finish the sentence "needed to ...".
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(
            f"The package {package!r} is needed to {purpose}, and it is not installed. "
            f"Install it with:  pip install 'lsnb[{extra}]'"
        )


class ApiError(LsnbError):
    """The service answered, and its answer is an error.

    Attributes:
        status: the HTTP status.
        method: the HTTP method of the request.
        path: the path of the request, without host and query.
        detail: what the service said, at most 500 characters.
        request_id: the service's own id for the request, where it gave one.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        method: str,
        path: str,
        detail: str = "",
        request_id: str | None = None,
    ) -> None:
        self.status = status
        self.method = method
        self.path = path
        self.detail = _shown(detail)
        self.request_id = request_id
        super().__init__(message)


class AuthError(ApiError):
    """401: the key is unknown, expired or revoked."""


class PermissionDeniedError(ApiError):
    """403: the key is valid, and may not do this. The subclasses tell the known reasons apart."""


class KeyScopeError(PermissionDeniedError):
    """403: a key of single workspaces was used on an endpoint of the organization."""


class WorkspaceRequiredError(PermissionDeniedError):
    """403: an organization-wide service key was used on a workspace endpoint without naming the workspace."""


class PlanGateError(PermissionDeniedError):
    """403: the organization's plan does not include the feature."""


class WrongRegionError(PermissionDeniedError):
    """403: the key is not known to this host; a valid key of another region looks like this."""


class GatewayError(PermissionDeniedError):
    """403 or 407 that is not the service's: a proxy, firewall or gateway in front of it refused the request."""


class NotFoundError(ApiError):
    """404 or 405: no such object, or a server that does not offer the endpoint."""


class ConflictError(ApiError):
    """409: it exists already, or is in use."""


class InvalidRequestError(ApiError):
    """400 or 422: the service did not accept the values that were sent."""


class RateLimitedError(ApiError):
    """429, and still 429 after the retries.

    Attributes:
        retry_after_s: how long the service asks to wait, in seconds, where it said so.
    """

    retry_after_s: float | None = None


class ServerError(ApiError):
    """5xx, and still 5xx after the retries."""


class UnexpectedAnswerError(ApiError):
    """A 2xx whose body is not what was promised, such as a proxy's HTML page."""


class TransportError(LsnbError):
    """No answer came.

    Attributes:
        outcome: "not-sent" when the request surely did not reach the service, "unknown" when it may have been
            carried out.
        method: the HTTP method of the request.
        path: the path of the request, without host and query.
    """

    def __init__(self, message: str, *, outcome: Literal["not-sent", "unknown"], method: str, path: str) -> None:
        self.outcome = outcome
        self.method = method
        self.path = path
        super().__init__(message)


class IncompleteListError(LsnbError):
    """A list came back shorter or longer than the service said; it is not taken as whole.

    Attributes:
        promised: how many rows the service announced.
        got: how many distinct rows came.
    """

    def __init__(self, message: str, *, promised: int, got: int) -> None:
        self.promised = promised
        self.got = got
        super().__init__(message)


class UserOnlyError(LsnbError):
    """Only a person who is logged in may do this; no key can.

    Attributes:
        operation: the method and path that a key may not use.
        where: where in the product it is done.
    """

    def __init__(self, operation: str, where: str) -> None:
        self.operation = operation
        self.where = where
        super().__init__(f"{operation} is for a logged-in person; no API key may use it. Do it in LangSmith: {where}")


class NotOfferedError(LsnbError):
    """This server does not have the endpoint that something needs; newer ones do.

    Attributes:
        feature: what is not offered.
        instead: what to do instead.
    """

    def __init__(self, feature: str, instead: str) -> None:
        self.feature = feature
        self.instead = instead
        super().__init__(f"Not offered by this server: {feature}. {instead}")


class TableError(LsnbError):
    """A table has bad cells.

    Attributes:
        problems: one row per bad cell: row, column, value, reason, hint.
    """

    def __init__(self, message: str, *, problems: pd.DataFrame | None = None) -> None:
        self.problems = problems
        super().__init__(message)


class UnreadableTableError(TableError):
    """A table could not be read, so nothing can be said about its rows.

    Attributes:
        table: the name of the table.
        reason: why it could not be read.
    """

    def __init__(self, table: str, reason: str, hint: str) -> None:
        self.table = table
        self.reason = reason
        super().__init__(f"The table {table!r} is unreadable, which is not the same as empty: {reason} {hint}")


class UnknownNameError(TableError):
    """A question names a person, permission, role, workspace, setting, check or column that is not there.

    Attributes:
        name: the name as it was given.
        nearest: the known names that are most like it, or the ids of all that it may mean.
    """

    def __init__(self, message: str, *, name: str, nearest: Sequence[str] = ()) -> None:
        self.name = name
        self.nearest = tuple(nearest)
        # Names come from the service and from sheets: a line break in one must not look like another line of ours.
        super().__init__(one_line(message))


class GridError(LsnbError):
    """A grid was asked for a row or column that it does not have, or for an edit that it does not allow."""


class SnapshotFileError(LsnbError):
    """A snapshot file is damaged, was changed, or has a version that this lsnb does not read."""


class PlanError(LsnbError):
    """A plan cannot be made, or cannot be used here."""


class UnsafePlanError(PlanError):
    """The safety rules refuse the plan.

    Attributes:
        reasons: the refusals, one sentence each, that start with the rule's name.
    """

    def __init__(self, message: str, *, reasons: Sequence[str] = ()) -> None:
        self.reasons = tuple(map(_shown, reasons))
        super().__init__(message)


class StalePlanError(PlanError):
    """The organization has changed since the plan was made.

    Attributes:
        differences: what is different, one sentence each.
    """

    def __init__(self, message: str, *, differences: Sequence[str] = ()) -> None:
        self.differences = tuple(map(_shown, differences))
        super().__init__(message)


class SpentPlanError(PlanError):
    """The plan has been applied already; a plan is used once."""


class BusyOrganizationError(PlanError):
    """Another run is changing the same organization on this machine; the message says which, and since when."""


class UnconfirmedPlanError(PlanError):
    """The fingerprint of the reviewed plan was not handed back, or it is the fingerprint of another plan."""


class JournalError(LsnbError):
    """A journal is damaged, or has a version that this lsnb does not read."""


class LogStoreError(LsnbError):
    """A folder cannot keep the audit log: another organization's, in use, damaged, or not to be written to."""


class DiffError(LsnbError):
    """Two snapshots cannot be compared, such as those of different organizations."""
