"""Workspaces as people write them: by id, by name, or by both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from lsnb.sheets.problems import CellProblem
from lsnb.sheets.text_normalize import Nearest, did_you_mean, fold, quoted, tidy


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace that a row can name.

    Args:
        name: the workspace's name.
        workspace_id: the workspace's id.
        is_deleted: whether it has been deleted.
    """

    name: str
    workspace_id: str
    is_deleted: bool = False


class WorkspaceIndex:
    """The workspaces of an organization by id and by name.

    Args:
        workspaces: the table `workspaces`.
        aliases: by its id, another name that a workspace goes by too: the one that the same plan gives it.
    """

    def __init__(self, workspaces: pd.DataFrame, aliases: Mapping[str, str] | None = None) -> None:
        deleted = workspaces["is_deleted"].fillna(False).astype(bool)
        columns = (workspaces["workspace"].astype(object), workspaces["workspace_id"].astype(object), deleted)
        self.places = [Place(str(name), str(id_), bool(gone)) for name, id_, gone in zip(*columns, strict=True)]
        self._by_id = {place.workspace_id.casefold(): place for place in self.places}
        self._by_name: dict[str, list[Place]] = defaultdict(list)
        for place in self.places:
            self._by_name[fold(place.name)].append(place)
        self._aliases = {id_: fold(name) for id_, name in (aliases or {}).items()}
        for id_, name in self._aliases.items():
            # Two workspaces that swap their names: then an old name is told from a new one by the id only.
            if self._by_id[id_.casefold()] not in self._by_name[name]:
                self._by_name[name].append(self._by_id[id_.casefold()])
        self._nearest = Nearest(place.name for place in self.live)

    @property
    def live(self) -> list[Place]:
        """The workspaces that have not been deleted."""
        return [place for place in self.places if not place.is_deleted]

    def unique_names(self) -> list[str]:
        """List the names that are enough to tell a workspace, in the table's order."""
        names = [place.name for place in self.live]
        return [name for name in names if isinstance(self.find("", name), Place)]

    def find(self, id_text: str, name_text: str) -> Place | CellProblem | None:
        """Find the workspace that the two cells of a row name; None when both are empty.

        An id is also understood in the cell for names, and a name in the cell for ids.
        """
        id_text, name_text = tidy(id_text), tidy(name_text)
        if not id_text and not name_text:
            return None
        if not id_text:
            return self._find_one(name_text, "workspace_name")
        found = self._find_one(id_text, "workspace_id")
        if not name_text:
            return found
        if isinstance(found, CellProblem):
            by_name = self._find_one(name_text, "workspace_name")
            if isinstance(by_name, Place):
                hint = f"'{by_name.name}' has the id '{by_name.workspace_id}'. Empty the id to go by the name."
                return CellProblem("workspace_id", found.reason, hint)
            return found
        if fold(name_text) in (fold(found.name), found.workspace_id.casefold(), self._aliases.get(found.workspace_id)):
            return found
        return self._disagreement(found, name_text)

    def _disagreement(self, place: Place, name_text: str) -> CellProblem:
        reason = f"The id is that of '{place.name}', and the name is another."
        by_name = self._find_one(name_text, "workspace_name")
        if isinstance(by_name, Place):
            hint = f"Write '{place.name}', or the id '{by_name.workspace_id}' of '{by_name.name}'; or empty one of the two."
        else:
            hint = f"Write '{place.name}', or empty one of the two."
        return CellProblem("workspace_name", reason, hint)

    def _find_one(self, text: str, column: str) -> Place | CellProblem:
        by_id = self._by_id.get(text.casefold())
        found = [by_id] if by_id else self._by_name.get(fold(text), [])
        found = [place for place in found if not place.is_deleted] or found
        # A name that one workspace gives up and another gets means either, however it is written.
        if len(found) > 1 and all(fold(place.name) == fold(text) for place in found):
            # Names may differ by case only; then the exact one is meant.
            exact = [place for place in found if tidy(place.name) == text]
            found = exact if len(exact) == 1 else found
        if len(found) > 1:
            ids = quoted((place.workspace_id for place in found), last="or")
            return CellProblem(column, f"{len(found)} workspaces have this name.", f"Write the id: {ids}.")
        if not found:
            return self._unknown(text, column)
        if found[0].is_deleted:
            return CellProblem(column, "This workspace has been deleted.", "Take the row away.")
        return found[0]

    def _unknown(self, text: str, column: str) -> CellProblem:
        names = [place.name for place in self.live]
        hint = did_you_mean(self._nearest.find(text)) or (f"There are {quoted(names, last='and')}." if names else "")
        what = "id" if column == "workspace_id" else "name"
        return CellProblem(column, f"No workspace that this key can see has this {what}.", hint)
