"""Acme as it is after some years: the clean company with something wrong for every check (the seed `small`)."""

from __future__ import annotations

from .builder import Builder
from .company import ADMIN, OPERATOR, PEOPLE, USER, VIEWER, add_demo_keys, add_employee, add_service_keys, lay_out


def fill(builder: Builder) -> None:
    """Fill the company with its flaws."""
    lay_out(builder)
    for index, (local, name, role, places) in enumerate(PEOPLE):
        add_employee(builder, index, local, name, role, places, is_scim=index >= 24)
    add_demo_keys(builder, admin=ADMIN, operator=OPERATOR, user=USER, viewer=VIEWER, workspace="prod")
    add_service_keys(builder)
