from __future__ import annotations

from types import SimpleNamespace

import ipywidgets
import pytest

from lsnb.widgets.plan_place import put_plan


def view(*, was_applied=False):
    """Make what stands for the view of a plan, and remembers whether it was closed."""
    made = SimpleNamespace(box=ipywidgets.HTML(), was_applied=was_applied, on_applied=None, n_closed=0)
    made.close = lambda: setattr(made, "n_closed", made.n_closed + 1)
    return made


@pytest.mark.parametrize("was_applied", [True, False])
def test_only_a_plan_that_nobody_applies_is_closed(was_applied):
    """Another plan takes its place on the page; a run that is going on is not stopped by that."""
    old, new, below = view(was_applied=was_applied), view(), ipywidgets.VBox()
    assert new is put_plan(SimpleNamespace(), new, below, old=old)
    assert (new.box,) == below.children
    assert old.n_closed == (0 if was_applied else 1)
    assert new.on_applied is None


def test_the_form_goes_on_once_the_plan_was_applied():
    """It reads again through its own way of showing errors, and not at all once it is closed."""
    done = []
    form = SimpleNamespace(is_closed=False, attempt=lambda action: action())
    new = put_plan(form, view(), ipywidgets.VBox(), old=None, then=lambda: done.append("read"))
    new.on_applied(None)  # type: ignore[misc]
    form.is_closed = True
    new.on_applied(None)  # type: ignore[misc]
    assert ["read"] == done
