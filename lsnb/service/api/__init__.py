"""The service's endpoints, one short method each: arguments in, the service's own records out.

Records stay plain mappings with the service's field names; `lsnb.tables` turns them into frames. The contract is
LangSmith's page https://docs.langchain.com/langsmith/manage-organization-by-api and the API reference behind it.
"""

from __future__ import annotations

from lsnb.service.api.activity import ActivityReads
from lsnb.service.api.keys import KeyReads, KeyWrites
from lsnb.service.api.members import MemberReads
from lsnb.service.api.membership import MembershipWrites
from lsnb.service.api.organization import OrganizationReads
from lsnb.service.api.roles import RoleWrites
from lsnb.service.api.settings import SettingWrites
from lsnb.service.api.workspaces import WorkspaceReads, WorkspaceWrites
from lsnb.service.transport import Transport

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
