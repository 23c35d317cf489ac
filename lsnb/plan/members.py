"""What a sheet means for people who have joined."""

from __future__ import annotations

from lsnb.plan.current_state import Grant, Person
from lsnb.plan.plan_builder import PlanBuilder, memberships_data
from lsnb.plan.roles import ADMIN_WITHOUT_ROLES, Role
from lsnb.plan.row_changes import RowIntent
from lsnb.plan.subjects import membership


def plan_member(
    ledger: PlanBuilder, person: Person, organization: RowIntent | None, places: list[RowIntent], held: list[Grant]
) -> None:
    """Decide about one person who has joined, also when disabled.

    Args:
        ledger: where decisions go.
        person: the person.
        organization: what is wanted in the organization, where that is within the scope.
        places: what is wanted in workspaces.
        held: what they hold in workspaces; needed only where they leave the organization.
    """
    n_before = len(ledger.changes)
    if organization and organization.is_removal:
        if not ledger.contradicts(person.email, organization, [w for w in places if w.role]):
            _remove(ledger, person, organization, held)
    else:
        final = _set_organization_role(ledger, person, organization)
        for wish in places:
            _plan_place(ledger, person, final, wish)
    if person.state == "disabled" and len(ledger.changes) > n_before:
        ids = [change.id for change in ledger.changes[n_before:]]
        ledger.notes.add(
            "disabled-person",
            f"{person.email} is disabled: the change is made, and counts only once the account is switched on again.",
            *ids,
        )


def _ids(person: Person, **more: str | None) -> dict[str, str | None]:
    return {"identity_id": person.identity_id, "ls_user_id": person.ls_user_id, **more}


def _remove(ledger: PlanBuilder, person: Person, wish: RowIntent, held: list[Grant]) -> None:
    before = {**person.role.to_data(), "state": person.state, "workspaces": memberships_data(held)}
    ledger.add(membership.REMOVE, person.email, [wish], before=before, after=None, ids=_ids(person))


def _set_organization_role(ledger: PlanBuilder, person: Person, wish: RowIntent | None) -> Role:
    """Set the organization role where another is wanted, and give the one that they end with."""
    if wish is None or wish.role is None:
        return person.role
    ledger.add(
        membership.SET_ORGANIZATION_ROLE,
        person.email,
        [wish],
        before={**person.role.to_data(), "state": person.state},
        after={**wish.role.to_data(), "state": person.state},
        ids=_ids(person, role_id=wish.role.role_id),
    )
    return wish.role


def _plan_place(ledger: PlanBuilder, person: Person, final: Role, wish: RowIntent) -> None:
    """Decide about one workspace; `final` is the organization role that they end with."""
    ids = _ids(person, workspace_id=wish.workspace_id)
    if wish.is_removal:
        _remove_from_place(ledger, person, final, wish, ids)
    elif wish.role is None:
        if not final.is_organization_admin:
            note_no_role(ledger, wish)
    elif wish.held:
        ledger.add(
            membership.SET_WORKSPACE_ROLE,
            person.email,
            [wish],
            workspace=wish.workspace,
            before={**wish.held.role.to_data(), "state": person.state},
            after={**wish.role.to_data(), "state": person.state},
            ids={**ids, "role_id": wish.role.role_id},
        )
    elif final.is_organization_admin:
        note_admin_already(ledger, wish)
    else:
        role = wish.role if ledger.has_rbac else ADMIN_WITHOUT_ROLES
        ledger.add(
            membership.ADD_TO_WORKSPACE,
            person.email,
            [wish],
            workspace=wish.workspace,
            before=None,
            after={**role.to_data(), "state": person.state},
            ids={**ids, "role_id": role.role_id},
        )


def _remove_from_place(
    ledger: PlanBuilder, person: Person, final: Role, wish: RowIntent, ids: dict[str, str | None]
) -> None:
    change_ids: list[str] = []
    if wish.held:
        change = ledger.add(
            membership.REMOVE_FROM_WORKSPACE,
            person.email,
            [wish],
            workspace=wish.workspace,
            before={**wish.held.role.to_data(), "state": person.state},
            after=None,
            ids=ids,
        )
        change_ids.append(change.id)
    if final.is_organization_admin:
        what = "only the row of their own goes" if wish.held else "there is nothing to remove"
        ledger.notes.add(
            "organization-admin",
            f"{ledger.reason([wish])}: {person.email} is Organization Admin and keeps access to {wish.workspace} as "
            f"Admin; {what}. To end it, change the organization role.",
            *change_ids,
        )
    elif not wish.held:
        note_nothing_there(ledger, wish)


def note_no_role(ledger: PlanBuilder, wish: RowIntent) -> None:
    """Say that a row without a role adds nobody."""
    place = wish.workspace or "the organization"
    ledger.notes.add(
        "no-role",
        f"{ledger.reason([wish])}: {wish.email} is not in {place}, and the row names no role to add them with; nothing "
        "is done.",
    )


def note_nothing_there(ledger: PlanBuilder, wish: RowIntent) -> None:
    """Say that what a row removes is not there."""
    place = wish.workspace or "the organization"
    ledger.notes.add(
        "nothing-there", f"{ledger.reason([wish])}: {wish.email} is not in {place}; there is nothing to remove."
    )


def note_nobody(ledger: PlanBuilder, wish: RowIntent) -> None:
    """Say that a row removes somebody whom nobody here knows."""
    ledger.notes.add(
        "nothing-there",
        f"{ledger.reason([wish])}: nobody here has the address {wish.email}; there is nothing to remove.",
    )


def note_admin_already(ledger: PlanBuilder, wish: RowIntent) -> None:
    """Say that an Organization Admin needs no role in a workspace."""
    ledger.notes.add(
        "organization-admin",
        f"{ledger.reason([wish])}: {wish.email} is Organization Admin, and so Admin in every workspace; the row changes "
        f"nothing in {wish.workspace}.",
    )
