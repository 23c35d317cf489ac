"""Say no as the service does: a status, a reason, and how the producer of the answer words it (API.md 3.1)."""

from __future__ import annotations

from typing import Any, Literal

Family = Literal["fastapi", "go", "problem"]

_TITLES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    409: "Conflict", 422: "Unprocessable Entity",
}  # fmt: skip


class RefusedError(Exception):
    """A rule says no."""

    def __init__(self, status: int, reason: str, *, code: str | None = None, family: Family | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.code = code
        self.family = family

    def as_body(self, family: Family) -> dict[str, Any]:
        """Return the JSON body, in the words of the given producer unless the rule insists on its own."""
        if self.code is not None:
            return {"error": self.code, "message": self.reason}
        match self.family or family:
            case "go":
                return {"error": self.reason}
            case "problem":
                title = _TITLES.get(self.status, "Error")
                return {"type": "about:blank", "title": title, "status": self.status, "detail": self.reason}
            case _:
                return {"detail": self.reason}


class InvalidError(Exception):
    """A value breaks a rule of the schema that FastAPI would have told as a 422."""

    def __init__(self, *problems: dict[str, Any]) -> None:
        super().__init__("; ".join(str(problem["msg"]) for problem in problems))
        self.problems = list(problems)


def make_problem(location: list[str | int], message: str, kind: str = "value_error") -> dict[str, Any]:
    """Return one entry of a 422 answer."""
    return {"type": kind, "loc": location, "msg": message, "input": None}


def make_forbidden(reason: str = "Forbidden") -> RefusedError:
    """Return the usual 403."""
    return RefusedError(403, reason)


def make_missing(what: str) -> RefusedError:
    """Return a 404 that names what was not found."""
    return RefusedError(404, f"{what} not found")
