"""Endpoints of workspaces: the list, their members, their public links."""

from __future__ import annotations

from typing import Any

from lsnb.service.api.base import Endpoints, Record

# The largest page that the service allows for public links.
_LINKS_PER_PAGE = 100


class WorkspaceReads(Endpoints):
    """Read workspaces and what is in them."""

    def list_workspaces(self, *, include_deleted: bool = False) -> list[Record]:
        """Read the workspaces that the key may see; not in pages. `GET /workspaces`."""
        params = {"include_deleted": "true"} if include_deleted else None
        return self._list("/api/v1/workspaces", params=params)

    def get_workspace(self, workspace_id: str | None = None) -> Record:
        """Read the name and id of one workspace, which keys of single workspaces may too. `GET /settings`.

        Args:
            workspace_id: the workspace; the one that the key was made in when None.
        """
        return self._object("/api/v1/settings", needs="id", scope="workspace", workspace_id=workspace_id)

    def list_workspace_members(
        self, workspace_id: str, *, pending: bool = False, emails: list[str] | None = None
    ) -> list[Record]:
        """Read the people of one workspace, each with the id that changes in that workspace need.

        `GET /workspaces/current/members/active` and `.../pending`.

        Args:
            workspace_id: the workspace.
            pending: those who have been invited instead of those who have joined.
            emails: only these addresses.
        """
        return self.transport.read_all(
            f"/api/v1/workspaces/current/members/{'pending' if pending else 'active'}",
            params={"emails": emails, "sort_by": "email", "sort_by_desc": "false"},
            scope="workspace",
            workspace_id=workspace_id,
        )

    def list_shared_links(self, workspace_id: str) -> list[Record]:
        """Read the public links of one workspace. `GET /workspaces/current/shared`."""
        path = "/api/v1/workspaces/current/shared"
        links: list[Record] = []
        while True:
            page = self._object(
                path,
                needs="entities",
                params={"limit": _LINKS_PER_PAGE, "offset": len(links)},
                scope="workspace",
                workspace_id=workspace_id,
            )
            found: list[Record] = page.get("entities") or []
            links += found
            if len(found) < _LINKS_PER_PAGE:
                return links

    def list_tags(self, workspace_id: str) -> list[Record]:
        """Read the tag keys of one workspace, each with its values; not in pages. `GET /workspaces/current/tags`."""
        return self._list("/api/v1/workspaces/current/tags", scope="workspace", workspace_id=workspace_id)


class WorkspaceWrites(Endpoints):
    """Make, rename and delete workspaces, and end their public links."""

    def create_workspace(self, name: str, *, workspace_id: str | None = None) -> Record:
        """Make a workspace. `POST /workspaces`.

        Args:
            name: its name.
            workspace_id: a UUID of the caller's choice; a second request with the same one is refused.
        """
        body: dict[str, Any] = {"display_name": name} | ({"id": workspace_id} if workspace_id else {})
        return self._written("POST", "/api/v1/workspaces", body)

    def rename_workspace(self, workspace_id: str, name: str) -> None:
        """Give a workspace another name. `PATCH /workspaces/{workspace_id}`."""
        path = f"/api/v1/workspaces/{workspace_id}"
        self._written("PATCH", path, {"display_name": name}, scope="workspace", workspace_id=workspace_id)

    def delete_workspace(self, workspace_id: str) -> None:
        """Delete a workspace with everything in it. `DELETE /workspaces/{workspace_id}`."""
        path = f"/api/v1/workspaces/{workspace_id}"
        self.transport.request("DELETE", path, scope="workspace", workspace_id=workspace_id)

    def unshare_all(self, workspace_id: str) -> None:
        """End every public link of a workspace. `DELETE /workspaces/current/shared`."""
        path = "/api/v1/workspaces/current/shared"
        body = {"unshare_all": True}
        self.transport.request("DELETE", path, body=body, scope="workspace", workspace_id=workspace_id)
