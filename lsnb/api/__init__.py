"""The service's endpoints, one short method each: arguments in, the service's own records out.

Records stay plain mappings with the service's field names; `lsnb.tables` turns them into frames. The contract is
LangSmith's page https://docs.langchain.com/langsmith/manage-organization-by-api and the API reference behind it.
"""

from __future__ import annotations

from lsnb.api.activity import ActivityReads
from lsnb.api.keys import KeyReads, KeyWrites
from lsnb.api.members import MemberReads
from lsnb.api.membership import MembershipWrites
from lsnb.api.organization import OrganizationReads
from lsnb.api.roles import RoleWrites
from lsnb.api.settings import SettingWrites
from lsnb.api.workspaces import WorkspaceReads, WorkspaceWrites
from lsnb.transport import Transport

__all__ = ["Api"]


class Api(
    OrganizationReads,
    WorkspaceReads,
    MemberReads,
    KeyReads,
    ActivityReads,
    MembershipWrites,
    WorkspaceWrites,
    RoleWrites,
    KeyWrites,
    SettingWrites,
):
    """Every endpoint that lsnb uses, over one transport.

    All methods raise `ApiError` when the service says no and `TransportError` when no answer comes.

    Args:
        transport: what carries the requests.
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
