"""Know the two families of paths and their spellings (API.md 1)."""

from __future__ import annotations

from typing import Literal

from lsnb.sandbox.refusals import Family
from lsnb.sandbox.switches import Behaviours

WEB_PAGE = b'<!DOCTYPE html>\n<html><head><title>LangSmith</title></head><body><div id="root"></div></body></html>\n'

_GO = ("/v1/platform/", "/auth/public", "/workspaces/current/ttl-settings")
# The official document writes the bare form. Newer pages put `/api` before all Go routes; `/api/v1` before the two
# that have no version of their own is a spelling clients try as well, so it is taken too.
_GO_PREFIXED = (
    *((f"/api{path}", path) for path in _GO),
    ("/api/v1/auth/public", _GO[1]),
    ("/api/v1/workspaces/current/ttl-settings", _GO[2]),
)


def find_family(path: str) -> Family:
    """Tell which producer answers a canonical path."""
    return "go" if path.startswith(_GO) else "fastapi"


def canonicalize(path: str, behaviours: Behaviours) -> str | Literal["html", "missing"]:
    """Return the path as the routes are written, or what this server does with such a spelling instead."""
    for prefixed, bare in _GO_PREFIXED:
        if path.startswith(prefixed):
            return "missing" if behaviours.platform_paths == "bare-only" else bare + path[len(prefixed) :]
    if behaviours.platform_paths == "api-only" and not path.startswith("/api/"):
        return "html"
    return path
