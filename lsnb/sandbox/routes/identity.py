"""Server and identity (API.md 8.1)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from lsnb.sandbox.ids import make_stamp
from lsnb.sandbox.routes import bodies
from lsnb.sandbox.routes.context import AnyState, UserCaller, WorkspaceCaller, answer
from lsnb.sandbox.rules import workspaces
from lsnb.sandbox.rules.sessions import log_in

router = APIRouter()


@router.get("/api/v1/info")
async def read_info(state: AnyState) -> Response:
    """Return version and flags of the server (API.md 8.1)."""
    return answer(
        {
            "version": "0.13.40",
            "git_sha": None,
            "license_expiration_time": None,
            "batch_ingest_config": {
                "use_multipart_endpoint": True,
                "scale_up_qsize_trigger": 1000,
                "scale_up_nthreads_limit": 16,
                "scale_down_nempty_trigger": 4,
                "size_limit": 100,
                "size_limit_bytes": 20971520,
            },
            "instance_flags": {"sandbox": True, "basic_auth_enabled": state.behaviours.basic_auth},
            "customer_info": None,
        }
    )


@router.get("/api/v1/info/health")
async def read_health() -> Response:
    """Return the free disk space (API.md 8.1)."""
    return answer({"clickhouse_disk_free_pct": 71.5})


@router.get("/auth/public")
async def read_auth(caller: WorkspaceCaller) -> Response:
    """Tell who is calling (API.md 8.1); service keys have no user, so those texts are empty."""
    person = caller.person
    return answer(
        {
            "ls_user_id": person.ls_user_id if person else "",
            "organization_id": caller.state.organization.id,
            "tenant_id": caller.place.id,
            "user_email": person.email if person else "",
            "user_id": person.user_id if person else "",
        }
    )


@router.get("/api/v1/me/ls_user_id")
async def read_ls_user_id(caller: UserCaller) -> Response:
    """Return the signed-in user's id (API.md 8.1)."""
    return answer(caller.person.ls_user_id if caller.person else "")


@router.post("/api/v1/login")
async def login(request: Request, state: AnyState) -> Response:
    """Sign in with a password, in basic-auth mode (API.md 8.1)."""
    return answer(log_in(state, request.headers.get("authorization", "")))


@router.get("/api/v1/settings")
async def read_settings(caller: WorkspaceCaller) -> Response:
    """Return name and handle of the workspace (API.md 8.1)."""
    return answer(workspaces.read_settings(caller))


@router.post("/api/v1/settings/handle")
async def set_handle(caller: WorkspaceCaller, body: bodies.HandleSet) -> Response:
    """Set the workspace's handle (API.md 8.1)."""
    return answer(workspaces.set_handle(caller, body.tenant_handle))


@router.get("/api/v1/ok", include_in_schema=False)
async def read_ok(state: AnyState) -> Response:
    """Tell that the server is up, as health checks of installations ask."""
    return answer({"ok": True, "time": make_stamp(state.now())})
