"""What only a person who is logged in may do: each a method that says so, and where in LangSmith it is done.

No request is sent: the service refuses every key there, with the same answer as for a key that is bad.
https://docs.langchain.com/langsmith/manage-organization-by-api
"""

from __future__ import annotations

from typing import NoReturn

from lsnb.errors import UserOnlyError

_OWN_TOKENS = "Settings → API keys → Personal access tokens; a new token is shown there once."
_INVITED = "the page that the link of the invitation leads to, or the list of organizations after logging in."
_SWITCHER = "the name of the organization, top left, which lists your organizations and makes new ones."


class UserOnly:
    """The operations that no API key may use. Every method raises `UserOnlyError`."""

    def list_own_tokens(self) -> NoReturn:
        """Refuse `GET /api-key/current`; `org.snapshot().access_tokens` has the caller's own tokens."""
        raise UserOnlyError("GET /api-key/current", _OWN_TOKENS)

    def create_own_token(self) -> NoReturn:
        """Refuse `POST /api-key/current`, and `POST /orgs/current/personal-access-tokens` like it."""
        raise UserOnlyError("POST /api-key/current", _OWN_TOKENS)

    def delete_own_token(self) -> NoReturn:
        """Refuse `DELETE /api-key/current/{pat_id}`; a plan can revoke a token where the server offers that."""
        raise UserOnlyError("DELETE /api-key/current/{pat_id}", _OWN_TOKENS)

    def send_email_verification(self) -> NoReturn:
        """Refuse `POST /sso/email-verification/send`."""
        raise UserOnlyError(
            "POST /sso/email-verification/send",
            "log in through single sign-on, and ask for the e-mail on the page that says that the address is not "
            "verified (cloud only).",
        )

    def list_organizations(self) -> NoReturn:
        """Refuse `GET /orgs`; `org.whoami()` names the organization of the key."""
        raise UserOnlyError("GET /orgs", _SWITCHER)

    def create_organization(self) -> NoReturn:
        """Refuse `POST /orgs`."""
        raise UserOnlyError("POST /orgs", _SWITCHER)

    def list_invited_organizations(self) -> NoReturn:
        """Refuse `GET /orgs/pending`."""
        raise UserOnlyError("GET /orgs/pending", _INVITED)

    def decline_organization(self) -> NoReturn:
        """Refuse `DELETE /orgs/pending/{organization_id}`."""
        raise UserOnlyError("DELETE /orgs/pending/{organization_id}", _INVITED)

    def claim_organization(self) -> NoReturn:
        """Refuse `POST /orgs/pending/{organization_id}/claim`."""
        raise UserOnlyError("POST /orgs/pending/{organization_id}/claim", _INVITED)

    def list_invited_workspaces(self) -> NoReturn:
        """Refuse `GET /workspaces/pending`."""
        raise UserOnlyError("GET /workspaces/pending", _INVITED)

    def decline_workspace(self) -> NoReturn:
        """Refuse `DELETE /workspaces/pending/{id}`."""
        raise UserOnlyError("DELETE /workspaces/pending/{id}", _INVITED)

    def claim_workspace(self) -> NoReturn:
        """Refuse `POST /workspaces/pending/{workspace_id}/claim`."""
        raise UserOnlyError("POST /workspaces/pending/{workspace_id}/claim", _INVITED)

    def list_tenants(self) -> NoReturn:
        """Refuse `GET /tenants`, the older form of the list of workspaces."""
        raise UserOnlyError("GET /tenants", "the list of workspaces, or org.snapshot().workspaces here.")

    def create_tenant(self) -> NoReturn:
        """Refuse `POST /tenants`, which makes an organization with a workspace."""
        raise UserOnlyError("POST /tenants", "Settings → Workspaces, or a plan with a new workspace here.")

    def get_user_id(self) -> NoReturn:
        """Refuse `GET /me/ls_user_id`; `org.whoami()` asks the same in a way that is open to tokens."""
        raise UserOnlyError("GET /me/ls_user_id", "Settings → Profile, or org.whoami() here.")

    def __repr__(self) -> str:
        return "<what only a person who is logged in may do; each method says where>"
