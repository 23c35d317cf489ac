"""Endpoints that change the organization's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsnb.service.api.base import Endpoints, Record


class SettingWrites(Endpoints):
    """Change settings; only what is named is sent."""

    def update_settings(self, values: Mapping[str, Any]) -> Record:
        """Set settings by the service's own names, None to clear one. `PATCH /orgs/current/info`.

        A name that the service does not know is ignored without a word, so look at what comes back.

        Returns:
            The organization's info afterwards.
        """
        return self._written("PATCH", "/api/v1/orgs/current/info", dict(values))

    def set_sso_only(self, *, sso_only: bool) -> None:
        """Let people in through single sign-on only, or in any way. `PATCH /orgs/current/login-methods`."""
        self.transport.request("PATCH", "/api/v1/orgs/current/login-methods", body={"sso_only": sso_only})
