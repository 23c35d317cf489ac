"""What every group of endpoints stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsnb.errors import UnexpectedAnswerError

if TYPE_CHECKING:
    from lsnb.service.transport import Transport

Record = dict[str, Any]


class Endpoints:
    """A group of endpoints over one transport."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def _object(self, path: str, *, needs: str | None = None, **how: Any) -> Record:
        """Read one object, and refuse anything else.

        Args:
            path: the path.
            needs: what the object has in any case; without it, whatever answered speaks of something else, and what is
                not in it must not count as not there.
            how: as in `Transport.get`.
        """
        found: Record = self._checked(path, self.transport.get(path, **how), dict)
        if needs is not None and needs not in found:
            raise self._unexpected(path, f"an object with {needs!r}", "one without it")
        return found

    def _list(self, path: str, **how: Any) -> list[Record]:
        """Read one list that comes in one answer, and refuse anything else."""
        found: list[Record] = self._checked(path, self.transport.get(path, **how), list)
        return found

    def _written(self, method: str, path: str, body: Any, **how: Any) -> Record:
        """Send a change, and give the object that comes back; the caller looks where nothing does."""
        answer = self.transport.request(method, path, body=body, **how)
        return answer.data if isinstance(answer.data, dict) else {}

    def _checked(self, path: str, data: Any, kind: type) -> Any:
        if isinstance(data, kind):
            return data
        raise self._unexpected(path, "an object" if kind is dict else "a list", type(data).__name__)

    def _unexpected(self, path: str, promised: str, found: str) -> UnexpectedAnswerError:
        return UnexpectedAnswerError(
            f"GET {path} was to give {promised} and gave {found}. Check that {self.transport.settings.host} is LangSmith, "
            "and its version with org.whoami().",
            status=200,
            method="GET",
            path=path,
        )
