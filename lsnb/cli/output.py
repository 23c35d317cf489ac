r"""What the command prints: text that every terminal can show, JSON that is UTF-8 everywhere, and errors in both forms.

A terminal that cannot show a letter gets its escape, such as `\u65e5`. A reader that goes away, such as `head`, ends
the printing and not the command: its exit code is that of what it did.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from lsnb.errors import ApiError, LsnbError, StalePlanError, TableError, UnsafePlanError
from lsnb.errors.safe_text import marked, visible, visible_line, without_keys
from lsnb.files.table_file import to_records


class OutputError(Exception):
    """The result could not be printed, such as on a full disk."""


class _Streams:
    """What is known of the output while one command runs."""

    has_printed_json = False


_streams = _Streams()


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """Make standard output and error take every letter, also where they are closed, and put them back afterwards."""
    before = (sys.stdout, sys.stderr)
    errors = [getattr(stream, "errors", None) for stream in before]
    _streams.has_printed_json = False
    # What is closed (`>&-`) is None; what is written there is lost, as was asked for.
    sys.stdout = before[0] or _nowhere()
    sys.stderr = before[1] or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        _set_errors(stream, "backslashreplace")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for stream, how in zip(before, errors, strict=True):
            _set_errors(stream, how)


def put(text: str) -> None:
    """Print text for a person on standard output.

    Raises:
        OutputError: it cannot be written, and not because the reader has gone.
    """
    _write(sys.stdout, marked(without_keys(text)))


def put_json(data: Any) -> None:
    """Print one JSON document on standard output, in UTF-8 whatever the terminal is.

    Raises:
        OutputError: it cannot be written, and not because the reader has gone.
    """
    text = json.dumps(data, indent=1, ensure_ascii=False, default=str) + "\n"
    _streams.has_printed_json = True
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        _write(sys.stdout, text)
        return
    try:
        sys.stdout.flush()
        buffer.write(text.encode("utf-8", "backslashreplace"))  # half a letter becomes the escape that JSON has for it
        buffer.flush()
    except OSError as error:
        _failed(error)


def put_error(error: BaseException, message: str, code: int) -> None:
    """Print an error as a JSON document, unless there is one already."""
    if _streams.has_printed_json:
        return
    with contextlib.suppress(OutputError):
        put_json({"error": error_to_data(error, message, code)})


def error_to_data(error: BaseException, message: str, code: int) -> dict[str, Any]:
    """Give an error as plain data: `kind`, `message`, `exit_code`, and what its kind knows besides."""
    data: dict[str, Any] = {"kind": type(error).__name__, "message": visible(without_keys(message)), "exit_code": code}
    if isinstance(error, ApiError):
        data |= {"status": error.status, "method": error.method, "path": error.path, "request_id": error.request_id}
    elif isinstance(error, TableError) and error.problems is not None:
        data["problems"] = to_records(error.problems)
    elif isinstance(error, UnsafePlanError):
        data["reasons"] = list(error.reasons)
    elif isinstance(error, StalePlanError):
        data["differences"] = list(error.differences)
    return data


def tell(text: str) -> None:
    """Write a line for the person who watches, apart from the output; nobody may be there to read it."""
    with contextlib.suppress(OutputError):
        _write(sys.stderr, marked(without_keys(text)) + "\n")


def finish() -> None:
    """Bring out what waits.

    Raises:
        OutputError: it cannot be written, and not because the reader has gone.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            _failed(error)
        except ValueError:  # closed
            continue


def unexpected(error: BaseException) -> str:
    """Say in a sentence what lsnb did not expect, and where it happened."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if f"{os.sep}lsnb{os.sep}" in file:
            place = f" in {file.rpartition(f'{os.sep}lsnb{os.sep}')[2]}, line {trace.tb_lineno}"
        trace = trace.tb_next
    said = visible_line(without_keys(" ".join(str(error).split())))[:300]
    return (
        f"something went wrong that lsnb did not expect: {type(error).__name__}{f': {said}' if said else ''}{place}. "
        "Please report it with this line and the command."
    )


def message_of(error: BaseException) -> str:
    """Give the text of an error of ours or of the output."""
    return str(error) if isinstance(error, LsnbError | OutputError) else unexpected(error)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except OSError as error:
        _failed(error)


def _failed(error: OSError) -> None:
    """Print nothing more; where the reader has not just gone away, say so."""
    has_gone = isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == 22)
    silence()
    if not has_gone:
        raise OutputError(f"the result could not be printed: {error.strerror}.") from None


def silence() -> None:
    """Let what is still printed go nowhere, what the interpreter brings out at its end included."""
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError, io.UnsupportedOperation):
                if stream.fileno() == number:
                    nowhere = os.open(os.devnull, os.O_WRONLY)
                    os.dup2(nowhere, number)
                    os.close(nowhere)


def _nowhere() -> TextIO:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


def _set_errors(stream: Any, how: str | None) -> None:
    if isinstance(stream, io.TextIOWrapper) and how is not None:
        with contextlib.suppress(ValueError, OSError):  # closed
            stream.reconfigure(errors=how)
