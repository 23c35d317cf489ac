"""Public links (API.md 8.2)."""

from __future__ import annotations

from lsnb.sandbox.access import Caller
from lsnb.sandbox.records import Json, ShareLink


def list_links(caller: Caller, *, limit: int, offset: int) -> Json:
    """Return one page of the workspace's public links, newest first; public prompts are not among them."""
    caller.need("workspaces:read")
    mine = [link for link in caller.state.share_links.values() if link.workspace_id == caller.place.id]
    mine.sort(key=lambda link: (link.created_at, link.id), reverse=True)
    return {"entities": [_shape(link) for link in mine[offset : offset + limit]]}


def unshare(caller: Caller, share_tokens: list[str], *, unshare_all: bool) -> None:
    """Remove public links of the workspace; tokens that are not there are passed over."""
    caller.need("workspaces:manage")
    links = caller.state.share_links
    for link in list(links.values()):
        if link.workspace_id == caller.place.id and (unshare_all or link.id in share_tokens):
            del links[link.id]
            caller.touched.append(link.target_id)
    caller.state.touch()


def _shape(link: ShareLink) -> Json:
    head: Json = {"type": link.kind, "share_token": link.id, "created_at": link.created_at}
    if link.kind == "dataset":
        return head | {"dataset_id": link.target_id, "dataset_name": link.target_name}
    return head | {
        "run_id": link.target_id,
        "run_name": link.target_name,
        "run_type": link.run_type,
        "session_id": link.session_id,
        "session_name": link.session_name,
    }
