"""Put the routes together into one FastAPI application; it serves every instance of the process."""

from __future__ import annotations

from functools import cache

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from lsnb.sandbox.encode import to_json
from lsnb.sandbox.paths import find_family
from lsnb.sandbox.refusals import InvalidError, RefusedError
from lsnb.sandbox.routes import ALL

# Paths that came with a newer endpoint (API.md 9), with its switch.
_NEWER_PATHS = {"/revocation": "token_revocation", "/restriction": "role_restriction"}


@cache
def make_app() -> FastAPI:
    """Return the application. It is stateless (the instance comes with each request) and costly, so made once."""
    app = FastAPI(title="LangSmith sandbox", docs_url=None, redoc_url=None)
    for router in ALL:
        app.include_router(router)
    known = sorted({f"{method} {route.path}" for router in ALL for route in router.routes if isinstance(route, APIRoute)
                    for method in route.methods or ()})  # fmt: skip

    @app.exception_handler(RefusedError)
    async def refuse(request: Request, error: RefusedError) -> Response:
        return _answer(error.status, error.as_body(find_family(request.url.path)))

    @app.exception_handler(InvalidError)
    async def complain(request: Request, error: InvalidError) -> Response:
        if find_family(request.url.path) == "go":
            return _answer(400, {"error": str(error)})
        return _answer(422, {"detail": error.problems})

    @app.exception_handler(RequestValidationError)
    async def complain_of_schema(request: Request, error: RequestValidationError) -> Response:
        if find_family(request.url.path) == "go":
            return _answer(400, {"error": "; ".join(str(problem["msg"]) for problem in error.errors())})
        found = [p for p in error.errors() if not _is_too_new(request, p["loc"])] or error.errors()
        problems = [{"type": p["type"], "loc": p["loc"], "msg": p["msg"], "input": _plain(p.get("input"))}
                    for p in found]  # fmt: skip
        return _answer(422, {"detail": problems})

    @app.exception_handler(HTTPException)
    async def miss(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405 and _is_of_missing_endpoint(request):
            return _answer(404, {"detail": "Not Found"})
        body = {"detail": error.detail}
        return _answer(error.status_code, body | ({"known": known} if error.status_code == 404 else {}))

    return app


def _is_of_missing_endpoint(request: Request) -> bool:
    """Tell whether a path exists only for a newer endpoint that this server does not have: then no method knows it."""
    behaviours = request.scope["exchange"].instance.state.behaviours
    switch = next((name for end, name in _NEWER_PATHS.items() if request.url.path.endswith(end)), None)
    return switch is not None and not behaviours.has(switch)


def _is_too_new(request: Request, loc: object) -> bool:
    """Tell whether a problem is about a field that an older server would not know (API.md 9, workspace batch)."""
    behaviours = request.scope["exchange"].instance.state.behaviours
    is_newer_field = isinstance(loc, tuple) and loc[-1] in ("role_name", "workspace_role_name")
    return is_newer_field and not behaviours.has("batch_adds_active")


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)


def _answer(status: int, body: object) -> Response:
    return Response(to_json(body), status_code=status, media_type="application/json")
