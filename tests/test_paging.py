from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsnb.errors import IncompleteListError, ServerError
from lsnb.service.transport.paging import map_in_turn, read_counted, read_until_short


def people(n, start=0):
    """Return rows with ids from `start`."""
    return [{"id": f"p{i}"} for i in range(start, start + n)]


class Server:
    """A list behind pages, as a function; counts the calls and can change between them."""

    def __init__(self, rows, *, counted=True, cap=None, on_call=None, total=None):
        self.rows, self.counted, self.cap, self.on_call, self.total = list(rows), counted, cap, on_call, total
        self.calls = []
        self.lock = threading.Lock()

    def __call__(self, offset, limit):
        """Return one page and its headers."""
        with self.lock:
            self.calls.append((offset, limit))
            if self.on_call:
                self.on_call(self, len(self.calls))
            size = min(limit, self.cap or limit)
            total = len(self.rows) if self.total is None else self.total
            return self.rows[offset : offset + size], {"x-pagination-total": str(total)} if self.counted else {}


def in_threads(function, items, *, on_result=None):
    """Run in parallel, as the transport does."""
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(function, items))
    for result in results:
        if on_result:
            on_result(result)
    return results


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("n", [0, 1, 9, 10, 11, 19, 20, 21, 30, 75, 100, 101])
def test_list_is_whole_and_in_order_when_read(n, counted):
    """Whatever the number of rows, all come, once, in order."""
    server = Server(people(n), counted=counted)
    assert people(n) == read_counted(server, limit=10, map=in_threads, workers=8)


@given(n=st.integers(0, 130), limit=st.integers(1, 40), workers=st.integers(1, 9), cap=st.integers(1, 40))
def test_counted_list_is_whole_when_the_server_caps_the_limit(n, limit, workers, cap):
    """A server that sends smaller pages than asked for is followed at its own page size."""
    assert people(n) == read_counted(Server(people(n), cap=cap), limit=limit, workers=workers)


@pytest.mark.parametrize("cap", [10, 50, 100])
def test_bare_list_is_whole_when_the_server_caps_the_limit(cap):
    """A short first page of a usual page size is not taken for the last one."""
    assert people(333) == read_until_short(Server(people(333), counted=False, cap=cap), 500, 8, map=in_threads)


@pytest.mark.parametrize(("n", "requests"), [(0, 1), (7, 1), (10, 2), (57, 6), (100, 11)])
def test_counted_list_takes_the_fewest_requests(n, requests):
    """As many requests as there are pages, and no reading past the end."""
    server = Server(people(n))
    read_counted(server, limit=10, map=in_threads)
    assert max(1, -(-n // 10)) == len(server.calls)
    assert requests >= len(server.calls)


def test_bare_list_takes_one_request_when_it_is_short():
    """The usual list of one workspace costs one request."""
    server = Server(people(37), counted=False)
    assert people(37) == read_until_short(server, 500, 8)
    assert [(0, 500)] == server.calls


def test_bare_list_is_read_in_growing_waves():
    """After the first page come waves of 1, 2, 4, then as many as there are workers."""
    waves = []

    def mapper(function, items, *, on_result=None):
        waves.append(len(list(items)))
        return map_in_turn(function, items, on_result=on_result)

    read_until_short(Server(people(200), counted=False), 10, 5, map=mapper)
    assert [1, 2, 4, 5, 5, 5] == waves


def test_rows_come_once_when_pages_overlap():
    """A row that moved to the next page while reading is not doubled."""
    rows = people(25)
    server = Server(rows, total=25)
    server.rows = [*rows[:10], *rows[5:25]]
    server.total = 30

    with pytest.raises(IncompleteListError) as caught:
        read_counted(server, limit=10)
    assert (30, 25) == (caught.value.promised, caught.value.got)

    bare = Server([*rows[:10], *rows[5:25]], counted=False)
    assert rows == read_until_short(bare, 10, 1)


def test_list_is_read_again_when_it_changed_meanwhile():
    """Somebody joined between two pages: the second reading is the one that counts."""

    def join(server, n_calls):
        if n_calls == 2:
            server.rows.append({"id": "new"})

    server = Server(people(25), on_call=join)
    assert [*people(25), {"id": "new"}] == read_counted(server, limit=10)
    assert 6 == len(server.calls)


def test_list_is_read_again_when_a_removal_hid_a_row():
    """Somebody was removed from a page already read, so a row slipped past: it is found in the second reading."""

    def remove(server, n_calls):
        if n_calls == 2:
            del server.rows[0]

    server = Server(people(25), on_call=remove)
    assert people(24, start=1) == read_counted(server, limit=10)


def test_list_is_refused_when_it_keeps_changing():
    """A list that changes during both readings is not taken as whole."""

    def remove(server, n_calls):
        if n_calls in {2, 5}:
            del server.rows[0]

    with pytest.raises(IncompleteListError) as caught:
        read_counted(Server(people(25), on_call=remove), limit=10)
    assert 24 == caught.value.promised
    assert 24 > caught.value.got


@pytest.mark.parametrize(("n", "total"), [(20, 21), (21, 20), (0, 3), (7, 0)])
def test_list_is_refused_when_the_count_is_wrong(n, total):
    """Shorter or longer than promised, also at the second reading: an error with both numbers."""
    server = Server(people(n), total=total)
    with pytest.raises(IncompleteListError) as caught:
        read_counted(server, limit=30)
    assert (total, n) == (caught.value.promised, caught.value.got)
    assert f"{total} rows" in str(caught.value)


def test_largest_total_is_the_truth_when_pages_disagree():
    """A page that claims fewer rows does not make a short list whole."""

    def shrink(server, n_calls):
        server.total = 30 if n_calls % 3 == 1 else 20

    with pytest.raises(IncompleteListError) as caught:
        read_counted(Server(people(20), on_call=shrink), limit=10)
    assert (30, 20) == (caught.value.promised, caught.value.got)


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("failing", [1, 2, 4])
def test_whole_list_fails_when_one_page_does(counted, failing):
    """The error of any page is raised; there is never a part of a list."""
    error = ServerError("no", status=500, method="GET", path="/x")

    def fail(_server, n_calls):
        if n_calls == failing:
            raise error

    with pytest.raises(ServerError) as caught:
        read_counted(Server(people(100), counted=counted, on_call=fail), limit=10, map=in_threads, workers=4)
    assert caught.value is error


def test_bare_list_is_whole_when_pages_past_the_end_fail():
    """What a server says about offsets after the end is not documented, and does not matter."""

    def get_page(offset, limit):
        if offset >= 30:
            raise ServerError("past the end", status=500, method="GET", path="/x")
        return people(23)[offset : offset + limit], {}

    assert people(23) == read_until_short(get_page, 10, 8)


def shortened(times):
    """Return a list of 100 whose third page lacks a row, that many times."""
    calls = []

    def get_page(offset, limit):
        rows = people(100)[offset : offset + limit]
        if offset == 20:
            calls.append(offset)
            rows = rows[:-1] if len(calls) <= times else rows
        return rows, {}

    return get_page


def test_bare_list_is_read_again_when_a_middle_page_was_short():
    """A short page before a full one means that the list changed: it is read once more, and then refused."""
    assert people(100) == read_until_short(shortened(1), 10, 4)
    with pytest.raises(IncompleteListError) as caught:
        read_until_short(shortened(2), 10, 4)
    assert caught.value.got < caught.value.promised


def test_bare_list_is_whole_when_the_server_does_not_page():
    """More rows than asked for means that everything was sent at once."""
    server = Server(people(1200), counted=False)
    assert people(1200) == read_until_short(lambda _offset, _limit: server(0, 9999), 500, 8)
    assert 1 == len(server.calls)


def test_bare_list_is_refused_when_the_server_ignores_the_offset():
    """The same full page again and again has no end; it is an error and not a loop."""
    with pytest.raises(IncompleteListError, match="another offset"):
        read_until_short(lambda _offset, limit: (people(limit), {}), 10, 4)


def test_rows_without_id_are_kept_when_counted():
    """Rows that cannot be told apart still count."""
    rows = [{"name": "a"}, {"name": "a"}, {"id": None}]
    assert rows == read_counted(Server(rows), limit=10)


def test_another_field_tells_rows_apart_when_named():
    """The key can be chosen."""
    rows = [{"identity": 1}, {"identity": 2}]
    assert rows == read_until_short(lambda _o, _n: ([*rows, rows[0]], {}), 10, key="identity")


@pytest.mark.parametrize("total", ["", "many", "-1", "1.5"])
def test_list_is_read_until_short_when_the_total_makes_no_sense(total):
    """A header that is no number counts as none."""
    rows = people(25)
    assert rows == read_counted(lambda o, n: (rows[o : o + n], {"X-Pagination-Total": total}), limit=10)


@pytest.mark.parametrize("counted", [True, False])
def test_progress_is_told_when_pages_come(counted):
    """Each page tells the rows so far, and the total where it is known."""
    told = []
    read_counted(Server(people(25), counted=counted), limit=10, on_page=lambda n, total: told.append((n, total)))
    assert [(10, 25 if counted else None), (20, 25 if counted else None), (25, 25 if counted else None)] == told
