"""Audit and change who has access to what in a LangSmith organization.

    import lsnb
    org = lsnb.connect()          # the demo organization, when no key is set
    org.whoami()
    snap = org.snapshot()
    snap.matrix()

Everything is loaded when it is first used, so that `import lsnb` costs no more than `import pandas`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from lsnb.auditfile import save_audit
    from lsnb.checks import run_checks as audit
    from lsnb.compare import Diff, diff
    from lsnb.connection import connect, connect_demo
    from lsnb.credentials import Key
    from lsnb.errors import LsnbError
    from lsnb.export import export_table
    from lsnb.gating import gate
    from lsnb.log import read_log, sync_log
    from lsnb.names import resolve_names
    from lsnb.organization import Organization
    from lsnb.plan import Plan, Rules
    from lsnb.planfile import load_plan, save_plan
    from lsnb.policy import Policy, policy_template
    from lsnb.policyfile import load_policy
    from lsnb.repair import fixes
    from lsnb.role_matrix import compare_roles, similar_roles
    from lsnb.secrets import SecretBox, SecretFile, SecretKeyring
    from lsnb.snapshot import Snapshot
    from lsnb.store import load_snapshot, save_snapshot
    from lsnb.trends import admins_over_time

_HOMES = {
    "Diff": "lsnb.compare",
    "Key": "lsnb.credentials",
    "LsnbError": "lsnb.errors",
    "Organization": "lsnb.organization",
    "Plan": "lsnb.plan",
    "Rules": "lsnb.plan",
    "SecretBox": "lsnb.secrets",
    "SecretFile": "lsnb.secrets",
    "SecretKeyring": "lsnb.secrets",
    "Snapshot": "lsnb.snapshot",
    "Policy": "lsnb.policy",
    "admins_over_time": "lsnb.trends",
    "audit": "lsnb.checks:run_checks",
    "compare_roles": "lsnb.role_matrix",
    "connect": "lsnb.connection",
    "connect_demo": "lsnb.connection",
    "diff": "lsnb.compare",
    "export_table": "lsnb.export",
    "fixes": "lsnb.repair",
    "gate": "lsnb.gating",
    "load_plan": "lsnb.planfile",
    "load_policy": "lsnb.policyfile",
    "load_snapshot": "lsnb.store",
    "policy_template": "lsnb.policy",
    "read_log": "lsnb.log",
    "resolve_names": "lsnb.names",
    "save_audit": "lsnb.auditfile",
    "save_plan": "lsnb.planfile",
    "save_snapshot": "lsnb.store",
    "similar_roles": "lsnb.role_matrix",
    "sync_log": "lsnb.log",
}

__all__ = [
    "Diff",
    "Key",
    "LsnbError",
    "Organization",
    "Plan",
    "Policy",
    "Rules",
    "SecretBox",
    "SecretFile",
    "SecretKeyring",
    "Snapshot",
    "__version__",
    "admins_over_time",
    "audit",
    "compare_roles",
    "connect",
    "connect_demo",
    "diff",
    "export_table",
    "fixes",
    "gate",
    "load_plan",
    "load_policy",
    "load_snapshot",
    "policy_template",
    "read_log",
    "resolve_names",
    "save_audit",
    "save_plan",
    "save_snapshot",
    "similar_roles",
    "sync_log",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"lsnb has no {name!r}")
    module, _, inner = _HOMES[name].partition(":")
    value = getattr(import_module(module), inner or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
