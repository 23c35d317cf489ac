"""Read a list that comes in pages, whole or not at all.

Both readers are functions of a given `get_page`, so nothing here knows HTTP. Paging by offset over a list that
changes meanwhile can skip or repeat rows; and a list that was cut short must never be taken for the whole, since
people who are missing from it could be removed for that. So rows are told apart by their id, counts are compared,
and any page that cannot be read fails the list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from lsnb.errors import IncompleteListError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Rows = list[dict[str, Any]]
Page = tuple[Rows, "Mapping[str, str]"]
GetPage = "Callable[[int, int], Page]"  # (offset, limit) -> rows, headers of the answer
OnPage = "Callable[[int, int | None], None]"  # (rows so far, total where known)

TOTAL_HEADER: Final = "X-Pagination-Total"

# A server that allows less than the asked limit answers with a page that looks like the last one.
# https://docs.langchain.com/langsmith/manage-organization-by-api gives 500 as the most; older servers may differ.
_USUAL_PAGE_SIZES: Final = frozenset({10, 20, 25, 50, 100, 200, 250, 500})

T = TypeVar("T")
R = TypeVar("R")


class Mapper(Protocol):
    """Run a function over items, perhaps in parallel, and return the results in the order of the items."""

    def __call__(
        self, function: Callable[[T], R], items: Iterable[T], *, on_result: Callable[[R], None] | None = None
    ) -> list[R]:
        """Run it; `on_result` is called with each result as it comes."""


def map_in_turn(
    function: Callable[[T], R], items: Iterable[T], *, on_result: Callable[[R], None] | None = None
) -> list[R]:
    """Run a function over items one after the other: the plainest `Mapper`."""
    results = []
    for item in items:
        results.append(function(item))
        if on_result is not None:
            on_result(results[-1])
    return results


def read_counted(
    get_page: Callable[[int, int], Page],
    *,
    limit: int,
    map: Mapper = map_in_turn,  # noqa: A002 - it is the map of the transport
    workers: int = 1,
    key: str = "id",
    on_page: Callable[[int, int | None], None] | None = None,
) -> Rows:
    """Read a list whose answers say how many rows there are in all, the pages after the first in parallel.

    Where the first answer does not say so, the list is read as `read_until_short` does.

    Args:
        get_page: reads one page; what it raises is raised.
        limit: rows to ask for in one page.
        map: runs the reading of pages.
        workers: how many pages to read at once where the total is not known.
        key: the field that tells rows apart.
        on_page: called after each page with the rows so far and the total.

    Returns:
        The rows in the order of the list, each once.

    Raises:
        IncompleteListError: also a second reading gave another number of rows than was promised.
    """
    promised, got = 0, 0
    for last_try in (False, True):
        first_rows, first_headers = get_page(0, limit)
        total = _total(first_headers)
        if total is None:
            first = (first_rows, first_headers)
            return read_until_short(get_page, limit, workers, map=map, key=key, on_page=on_page, first=first)
        pages, totals = _counted_pages(get_page, (first_rows, total), limit, map, on_page)
        rows = _distinct(pages, key)
        promised, got = max(totals), len(rows)
        # A total that changed on the way means that the list did; the second reading is judged by its count.
        if got == promised and (last_try or len(totals) == 1):
            return rows
    raise IncompleteListError(
        f"The service promised {promised} rows and {got} distinct ones came, in two readings. The list may be "
        "changing right now; try again in a minute.",
        promised=promised,
        got=got,
    )


def _counted_pages(
    get_page: Callable[[int, int], Page],
    first: tuple[Rows, int],
    limit: int,
    map_: Mapper,
    on_page: Callable[[int, int | None], None] | None,
) -> tuple[list[Rows], set[int]]:
    """Return all pages, and the different totals that their answers gave."""
    first_rows, total = first
    totals = {total}
    progress = _Progress(on_page, total)
    progress.add(len(first_rows))
    # A server that caps the limit answers with fewer rows than asked: its page is then the step.
    step = len(first_rows) if 0 < len(first_rows) < min(limit, total) else limit
    pages = map_(
        lambda offset: get_page(offset, step),
        range(step, total, step),
        on_result=lambda page: progress.add(len(page[0])),
    )
    totals |= {found for _, headers in pages if (found := _total(headers)) is not None}
    return [first_rows, *(rows for rows, _ in pages)], totals


def read_until_short(
    get_page: Callable[[int, int], Page],
    limit: int,
    workers: int = 1,
    *,
    map: Mapper = map_in_turn,  # noqa: A002 - see read_counted
    key: str = "id",
    on_page: Callable[[int, int | None], None] | None = None,
    first: Page | None = None,
) -> Rows:
    """Read a bare list: pages in waves of 1, 2, 4, 8, ... at once, until one that is not full.

    A page that is not full ends the list only when it was read successfully, and when its length is not one that
    servers use as a limit of their own; then one more page is asked for.

    Args:
        get_page: reads one page; what it raises is raised, unless the page lies after the end.
        limit: rows to ask for in one page.
        workers: the most pages to read at once.
        map: runs the reading of pages.
        key: the field that tells rows apart.
        on_page: called after each page with the rows so far and None.
        first: the first page, where it was read already.

    Raises:
        IncompleteListError: in two readings, rows came after a page that should have been the last.
    """
    for _ in range(2):
        pages = _waves(get_page, limit, workers, map, key, _Progress(on_page, None), first)
        gap = next((i for i, rows in enumerate(pages[:-1]) if len(rows) < len(pages[0])), None)
        if gap is None:
            return _distinct(pages, key)
        first = None
    got = len(_distinct(pages, key))
    raise IncompleteListError(
        f"A page in the middle of the list was not full, in two readings ({got} distinct rows came). The list may "
        "be changing right now; try again in a minute.",
        promised=len(pages[0]) * (len(pages) - 1) + len(pages[-1]),
        got=got,
    )


def _waves(
    get_page: Callable[[int, int], Page],
    limit: int,
    workers: int,
    map_: Mapper,
    key: str,
    progress: _Progress,
    first: Page | None,
) -> list[Rows]:
    """Return the pages that hold rows, the first one in any case."""
    rows = (first or get_page(0, limit))[0]
    progress.add(len(rows))
    pages = [rows]
    # More than was asked for: this server does not page, and has sent everything.
    if not rows or len(rows) > limit or (len(rows) < limit and len(rows) not in _USUAL_PAGE_SIZES):
        return pages
    step = len(rows)
    wave = 1
    while True:
        start = len(pages) * step
        outcomes = map_(
            lambda offset: _tried(get_page, offset, step), range(start, start + wave * step, step), on_result=None
        )
        ended = False
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                # What a server says about pages after the end is not documented; before the end it counts.
                if ended:
                    continue
                raise outcome
            progress.add(len(outcome))
            ended = ended or len(outcome) < step
            pages.append(outcome)
        if not ended and (pages[-1] == pages[0] or len(_distinct([pages[0], pages[-1]], key)) == step):
            raise IncompleteListError(
                f"The service sent the same {step} rows for another offset: it does not page this list, and where the "
                "list ends cannot be told.",
                promised=len(pages) * step,
                got=step,
            )
        if ended:
            while len(pages) > 1 and not pages[-1]:
                pages.pop()
            return pages
        wave = min(wave * 2, max(workers, 1))


def _tried(get_page: Callable[[int, int], Page], offset: int, limit: int) -> Rows | Exception:
    try:
        return get_page(offset, limit)[0]
    except Exception as error:
        return error


class _Progress:
    """Count rows and tell about them."""

    def __init__(self, on_page: Callable[[int, int | None], None] | None, total: int | None) -> None:
        self._on_page = on_page
        self._total = total
        self._rows = 0

    def add(self, n_rows: int) -> None:
        self._rows += n_rows
        if self._on_page is not None:
            self._on_page(self._rows, self._total)


def _distinct(pages: Sequence[Rows], key: str) -> Rows:
    """Return the rows in order, each id once; rows without an id are all kept, so that a count still shows them."""
    seen: set[Any] = set()
    rows: Rows = []
    for page in pages:
        for row in page:
            identity = row.get(key)
            if identity is not None:
                if identity in seen:
                    continue
                seen.add(identity)
            rows.append(row)
    return rows


def _total(headers: Mapping[str, str]) -> int | None:
    text = next((value for name, value in headers.items() if name.lower() == TOTAL_HEADER.lower()), "").strip()
    return int(text) if text.isascii() and text.isdigit() else None
