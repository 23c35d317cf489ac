"""Hand over the secrets of created keys: to the chosen place, and to memory where that fails after all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from lsnb.errors import ConfigError, LsnbError, PlanError
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change
from lsnb.service.secret_sinks import Secret, SecretBox, SecretSink


class SecretDelivery:
    """Where the secrets of one run go.

    Args:
        sink: the place that was chosen; None where the run creates no key.

    Raises:
        PlanError: what was given is no place for secrets.
    """

    def __init__(self, sink: SecretSink | None) -> None:
        if sink is not None and (isinstance(sink, type) or not isinstance(sink, SecretSink)):
            raise PlanError(
                f"Nothing was changed: {type(sink).__name__} is no place for secrets. Give secrets=lsnb.SecretFile('keys.jsonl'), "
                "lsnb.SecretKeyring() or lsnb.SecretBox()."
            )
        self._sink = sink
        #: What the chosen place did not take; the chosen place itself where that is a box.
        self.box = sink if isinstance(sink, SecretBox) else SecretBox()

    @property
    def kept(self) -> SecretBox | None:
        """The box, where there is something in it."""
        return self.box if len(self.box) else None

    def prepare(self, changes: Iterable[Change]) -> None:
        """Make sure that there is a place, before anything is written.

        Raises:
            PlanError: the changes create keys, and no place is named.
            ConfigError: the place does not take secrets.
        """
        n_keys = sum(kind_of(change).makes == "secret" for change in changes)
        if not n_keys:
            return
        if self._sink is None:
            raise PlanError(
                f"Nothing was changed: the plan creates {n_keys:,} service key{'' if n_keys == 1 else 's'}, and a secret "
                "is shown once, when its key is made. Say where secrets go: secrets=lsnb.SecretFile('keys.jsonl'), "
                "lsnb.SecretKeyring() or lsnb.SecretBox() in Python, --secrets-to FILE on the command line."
            )
        self._sink.check()

    def trouble(self) -> str:
        """Say why no secret could be handed over now; empty where one could."""
        if self._sink is None:
            return "no place for its secret is named"
        try:
            self._sink.check()
        except LsnbError as error:
            return str(error)
        except Exception as error:  # somebody else's sink
            return f"the place for its secret failed ({type(error).__name__})."
        return ""

    def put(self, secret: Secret) -> str:
        """Hand a secret over; say why that failed, after which it is in the box.

        Returns:
            Why the place did not take it; empty where it did.
        """
        try:
            if self._sink is None:
                raise ConfigError("No place for it is named.")
            self._sink.put(secret)
        except LsnbError as error:
            why = str(error)
        except Exception as error:
            why = f"The place for it failed ({type(error).__name__})."
        else:
            return ""
        self.box.put(secret)
        return why

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._sink is not None:
            self._sink.close()
