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

from lsnb.service import old_names

__version__ = "0.1.0"

old_names.install()

if TYPE_CHECKING:
    from lsnb.analysis.admin_history import admins_over_time
    from lsnb.analysis.compare import Diff, diff
    from lsnb.analysis.id_resolution import resolve_names
    from lsnb.analysis.role_comparison import compare_roles, similar_roles
    from lsnb.checks import run_checks as audit
    from lsnb.checks.policy_gate import gate
    from lsnb.checks.remediation import fixes
    from lsnb.errors import LsnbError
    from lsnb.files.audit_file import save_audit
    from lsnb.files.log import read_log, sync_log
    from lsnb.files.plan_file import load_plan, save_plan
    from lsnb.files.policy_file import load_policy
    from lsnb.files.snapshot_file import load_snapshot, save_snapshot
    from lsnb.files.table_file import export_table
    from lsnb.organization import Organization
    from lsnb.plan import Plan, Rules
    from lsnb.policy import Policy, policy_template
    from lsnb.service.connection import connect, connect_demo
    from lsnb.service.credentials import Key
    from lsnb.service.secret_sinks import SecretBox, SecretFile, SecretKeyring
    from lsnb.snapshot import Snapshot

_HOMES = {
    "Diff": "lsnb.analysis.compare",
    "Key": "lsnb.service.credentials",
    "LsnbError": "lsnb.errors",
    "Organization": "lsnb.organization",
    "Plan": "lsnb.plan",
    "Rules": "lsnb.plan",
    "SecretBox": "lsnb.service.secret_sinks",
    "SecretFile": "lsnb.service.secret_sinks",
    "SecretKeyring": "lsnb.service.secret_sinks",
    "Snapshot": "lsnb.snapshot",
    "Policy": "lsnb.policy",
    "admins_over_time": "lsnb.analysis.admin_history",
    "audit": "lsnb.checks:run_checks",
    "compare_roles": "lsnb.analysis.role_comparison",
    "connect": "lsnb.service.connection",
    "connect_demo": "lsnb.service.connection",
    "diff": "lsnb.analysis.compare",
    "export_table": "lsnb.files.table_file",
    "fixes": "lsnb.checks.remediation",
    "gate": "lsnb.checks.policy_gate",
    "load_plan": "lsnb.files.plan_file",
    "load_policy": "lsnb.files.policy_file",
    "load_snapshot": "lsnb.files.snapshot_file",
    "policy_template": "lsnb.policy",
    "read_log": "lsnb.files.log",
    "resolve_names": "lsnb.analysis.id_resolution",
    "save_audit": "lsnb.files.audit_file",
    "save_plan": "lsnb.files.plan_file",
    "save_snapshot": "lsnb.files.snapshot_file",
    "similar_roles": "lsnb.analysis.role_comparison",
    "sync_log": "lsnb.files.log",
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
