"""The personnel list that goes with Acme, for the checks that compare members with it."""

from __future__ import annotations

from lsnb.sandbox.seeds.company import DOMAIN, PEOPLE


def make_roster() -> list[dict[str, str]]:
    """Return one row per employee: `email`, `name`, `status` (`active` or `ended`).

    One has left and is still a member of the seed `small`; its strangers, partners and mailboxes are not on the list.
    """
    ended = "david.cohen"
    rows = [
        {"email": f"{local}@{DOMAIN}", "name": name, "status": "ended" if local == ended else "active"}
        for local, name, *_ in PEOPLE
    ]
    rows.append({"email": f"uwe.gone@{DOMAIN}", "name": "Uwe Gone", "status": "ended"})
    for local, name in (("break.glass", "Break Glass"), ("peter.lang", "Peter Lang"), ("pen.tester", "Pen Tester"),
                        ("formula.fan", "Formula Fan"), ("new.hire", "New Hire")):  # fmt: skip
        rows.append({"email": f"{local}@{DOMAIN}", "name": name, "status": "active"})
    return rows
