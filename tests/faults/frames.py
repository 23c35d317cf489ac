"""What a traceback shows of our frames: their local variables, and the attributes of those."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import lsnb

PACKAGE = str(Path(lsnb.__file__).parent)


def chained(error: BaseException) -> Iterator[BaseException]:
    """Give an error with all that it came from, by cause, context and group."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        item = waiting.pop()
        if item is None or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        waiting += [item.__cause__, item.__context__, *getattr(item, "exceptions", ())]


def frames(error: BaseException) -> Iterator[FrameType]:
    """Give the frames of ours that a traceback has, of the whole chain."""
    for item in chained(error):
        trace = item.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename.startswith(PACKAGE):
                yield trace.tb_frame
            trace = trace.tb_next


def leaks(error: BaseException, *secrets: str) -> list[str]:
    """List where a secret could be read: messages, arguments and attributes of errors, and local variables of ours."""
    found = []
    for item in chained(error):
        texts = {"str": str(item), "repr": repr(item), "args": repr(item.args), "dict": repr(vars(item))}
        found += [f"{type(item).__name__}.{name}" for name, text in texts.items() if _holds(text, secrets)]
    for frame in frames(error):
        place = f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}"
        for name, value in list(frame.f_locals.items()):
            for path, text in _shown(name, value):
                if _holds(text, secrets):
                    found.append(f"{place} {path}")
    return found


def _shown(name: str, value: object) -> Iterator[tuple[str, str]]:
    yield name, _text(value)
    attributes = dict(getattr(value, "__dict__", None) or {})
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            attributes.setdefault(slot, getattr(value, slot, None))
    for attribute, inner in attributes.items():
        yield f"{name}.{attribute}", _text(inner)


def _text(value: object) -> str:
    try:
        return f"{value!r} {value}"
    except Exception as error:
        return f"{error!r}"


def _holds(text: str, secrets: tuple[str, ...]) -> bool:
    return any(secret in text for secret in secrets)
