"""Names of modules before they moved into rooms: they go on working for one release, and say where things are now."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

#: Where a module, and what is below it, was, and where it is.
MOVED = {
    "lsnb.answers": "lsnb.service.transport.responses",
    "lsnb.api": "lsnb.service.api",
    "lsnb.app": "lsnb.cli.console_app",
    "lsnb.auditfile": "lsnb.files.audit_file",
    "lsnb.catalogue": "lsnb.tables.builtin_roles",
    "lsnb.compare": "lsnb.analysis.compare",
    "lsnb.config": "lsnb.service.config",
    "lsnb.connection": "lsnb.service.connection",
    "lsnb.credentials": "lsnb.service.credentials",
    "lsnb.edits": "lsnb.sheets",
    "lsnb.edits.places": "lsnb.sheets.workspace_index",
    "lsnb.edits.texts": "lsnb.sheets.text_normalize",
    "lsnb.effective": "lsnb.analysis.effective",
    "lsnb.export": "lsnb.files.table_file",
    "lsnb.gating": "lsnb.checks.policy_gate",
    "lsnb.identity": "lsnb.service.identity",
    "lsnb.journal": "lsnb.apply.journal",
    "lsnb.lab": "lsnb.cli.lab",
    "lsnb.log": "lsnb.files.log",
    "lsnb.matrix": "lsnb.tables.access_matrix",
    "lsnb.names": "lsnb.analysis.id_resolution",
    "lsnb.offers": "lsnb.service.capabilities",
    "lsnb.outlook": "lsnb.plan.simulation",
    "lsnb.pace": "lsnb.service.transport.throttle",
    "lsnb.paging": "lsnb.service.transport.paging",
    "lsnb.planfile": "lsnb.files.plan_file",
    "lsnb.planning": "lsnb.loader.sheet_plans",
    "lsnb.plots": "lsnb.report.plots.access_plots",
    "lsnb.plots_audit": "lsnb.report.plots.audit_plots",
    "lsnb.policyfile": "lsnb.files.policy_file",
    "lsnb.progress": "lsnb.service.progress",
    "lsnb.repair": "lsnb.checks.remediation",
    "lsnb.role_matrix": "lsnb.analysis.role_comparison",
    "lsnb.secrets": "lsnb.service.secret_sinks",
    "lsnb.sheets.gathering": "lsnb.files.sheets.collect",
    "lsnb.store": "lsnb.files.snapshot_file",
    "lsnb.transport": "lsnb.service.transport",
    "lsnb.trends": "lsnb.analysis.admin_history",
    "lsnb.undo": "lsnb.apply.undo",
    "lsnb.useronly": "lsnb.service.user_only",
    "lsnb.whoami": "lsnb.service.whoami",
    "lsnb.widgets.cards": "lsnb.widgets.alerts",
    "lsnb.widgets.parts": "lsnb.widgets.controls",
}
#: What has another name since: the module as it is called now, its old name, its new one.
_RENAMED = {("lsnb.plan.simulation", "after_changes"): "simulate"}


def new_name(name: str) -> str | None:
    """Tell where a module is now; None for one that has not moved."""
    parts = name.split(".")
    for n in range(len(parts), 1, -1):
        head = ".".join(parts[:n])
        if head in MOVED:
            return MOVED[head] + name[len(head) :]
    return None


class OldNames(MetaPathFinder, Loader):
    """Finds modules under the names that they had, with a warning that names the new one."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module that has moved."""
        new = new_name(fullname) if fullname.startswith("lsnb.") else None
        if new is None:
            return None
        found = import_module(new)
        warnings.warn(f"{fullname} is {new} now; the old name goes with the next release.", FutureWarning, stacklevel=2)
        return ModuleSpec(fullname, self, loader_state=found, is_package=hasattr(found, "__path__"))

    def exec_module(self, module: ModuleType) -> None:
        """Fill a module under its old name with what the one under the new name has."""
        spec = module.__spec__
        found: ModuleType = spec.loader_state if spec else module
        module.__dict__.update({name: value for name, value in vars(found).items() if not name.startswith("__")})
        for (where, old), new in _RENAMED.items():
            if where == found.__name__:
                setattr(module, old, getattr(found, new))
        module.__dict__["__getattr__"] = lambda name: getattr(found, name)


def install() -> None:
    """Let old names be found, after all others."""
    if not any(isinstance(finder, OldNames) for finder in sys.meta_path):
        sys.meta_path.append(OldNames())
