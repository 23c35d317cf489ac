"""Connect to an organization: where it is, with which key, and what that key may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsnb.errors import ConfigError
from lsnb.organization import Organization
from lsnb.report.text_table import frame_to_text
from lsnb.service.config import Settings, has_key, settings_or_error
from lsnb.service.connection import connect, connect_demo
from lsnb.service.credentials import Key, make_key, store_key
from lsnb.widgets import alerts, controls
from lsnb.widgets.base import Form
from lsnb.widgets.unsaved import Unsaved

if TYPE_CHECKING:
    from collections.abc import Callable

    from lsnb.service.whoami import Whoami

_REGIONS = {
    "us": "US cloud",
    "eu": "EU cloud",
    "apac": "Asia-Pacific cloud",
    "aws": "AWS Marketplace cloud",
}
_OTHER = "other"
_DEMO = "demo"


class ConnectForm(Form):
    """Where the organization is and with which key, and what the key may do there.

    Args:
        on_connect: called with the organization once it is there.
        fresh: begin without what an earlier form was told; a key is never remembered.
    """

    def __init__(self, *, on_connect: Callable[[Organization], object] | None = None, fresh: bool = False) -> None:
        super().__init__("Connect", kind="connect", about="", fresh=fresh)
        #: What the key is and may do; None before connecting.
        self.whoami: Whoami | None = None
        self._on_connect = on_connect
        # It does not show itself, whoever prints it.
        self._key: Key | None = None
        is_set = has_key()
        places = [(f"{words} ({name})", name) for name, words in _REGIONS.items()]
        places += [("another address", _OTHER), ("the demo organization, nothing real", _DEMO)]
        first = "environment" if is_set else _DEMO
        if is_set:
            places.insert(0, ("as set up on this computer", "environment"))
        self.place_field = controls.choice_field("Where", places, self.memory.get("place", first))
        self.address_field = controls.line_field(
            "Address", self.memory.get("address", ""), hint="https://langsmith.example.com"
        )
        self.key_field = controls.password_field(
            "API key", hint="empty: the one that was found" if is_set else "lsv2_…"
        )
        # Only when it is typed wholly: no half of it travels, and none of it stays in the field.
        self.key_field.continuous_update = False
        self.keep_field = controls.check_field("Keep the key in this computer's keyring")
        self._key_note = controls.html()
        self._facts = Unsaved()
        self.connect_button = self.on_click_work(
            controls.button("Connect", kind="primary"), "Connecting", lambda: self._press()
        )
        self.on_value(self.key_field, self._take_key)
        self.on_value(self.place_field, lambda _: self._draw())
        for widget in (self.place_field, self.address_field, self.key_field, self.keep_field):
            self.control(widget)
        self._key_row = controls.row(self.key_field, self.keep_field)
        self.body.children = [
            controls.row(self.place_field, self.address_field),
            self._key_row,
            self._key_note,
            controls.row(self.connect_button),
            self._facts,
        ]
        self._draw()

    def summary(self) -> str:
        """Say in a line what it is connected to."""
        if self.whoami is None:
            return "Not connected yet."
        return f"Connected to {self.whoami.organization or self.whoami.host} as {self.whoami.caller.name}."

    def connect(self, endpoint: str | None = None, api_key: str | Key | None = None) -> Organization:
        """Connect, and find out what the key may do.

        Args:
            endpoint: a region ("us", "eu", "apac", "aws"), an address, or "demo"; what the form says when None.
            api_key: the key; the one that was typed, else that of the environment or the keyring, when None.

        Raises:
            ConfigError: there is no key, or the address cannot be used.
            AuthError: the key was not accepted.
            WrongRegionError: the key belongs to another host.
            TransportError: no answer came.
        """
        place = endpoint or str(self.place_field.value)
        made = self._key if api_key is None else make_key(api_key)
        del api_key, endpoint  # a traceback may be shown with its local variables
        if isinstance(made, ConfigError):
            raise made
        key = made
        if place == _DEMO:
            org = connect_demo(quiet=True)
        elif place == "environment" and key is None:
            org = connect()
        else:
            # Checked first: without a key `connect` would show the demo organization, which was not asked for.
            settings = settings_or_error(endpoint=None if place == "environment" else self._address(place), api_key=key)
            if not isinstance(settings, Settings):
                del place  # people paste keys into every field
                raise settings
            org = connect(endpoint=settings.base_url, api_key=settings.key)
        found = org.whoami()
        if self.keep_field.value and key is not None:
            store_key(org.host, key)
        old = self.org
        self.org, self.whoami = org, found
        if old is not None and old is not org:
            old.close()
        self.memory.keep(place=self.place_field.value, address=self.address_field.value)
        self._draw()
        if self._on_connect is not None:
            self._on_connect(org)
        return org

    def on_close(self) -> None:
        """Forget the key; the organization stays open for whoever works with it."""
        self._key = None

    def _press(self) -> None:
        self.connect()
        # It lives on in the organization only.
        self._key = None
        self._draw()

    def _address(self, place: str) -> str:
        if place != _OTHER:
            return place
        address = str(self.address_field.value).strip()
        if not address:
            raise ConfigError("No address is given. Write it beside the choice, such as https://langsmith.example.com.")
        return address

    def _take_key(self, typed: str) -> None:
        """Take the key out of the field at once: what a field holds can be saved with the notebook."""
        if not typed:
            return
        self.key_field.value = ""
        made = make_key(typed, source="the form")
        del typed  # a traceback may be shown with its local variables
        if isinstance(made, ConfigError):
            raise made
        self._key = made
        self._draw()

    def _draw(self) -> None:
        place = self.place_field.value
        controls.show(self.address_field, place == _OTHER)
        controls.show(self._key_row, place != _DEMO)
        note = ""
        if place == _DEMO:
            note = "Invented people on a server of this machine. Nothing here is real, and nothing leaves this machine."
        elif self._key is not None:
            note = f"The key {self._key.hint} is taken. It is kept in memory only."
        self._key_note.value = alerts.quiet(note)
        self._facts.value = _whoami_card(self.whoami, is_demo=bool(self.org and self.org.is_demo))
        self.refresh()


def connect_form(*, on_connect: Callable[[Organization], object] | None = None, fresh: bool = False) -> ConnectForm:
    """Connect to an organization: `.connect()`, then `.org`.

    Args:
        on_connect: called with the organization once it is there.
        fresh: begin without what an earlier form was told.
    """
    return ConnectForm(on_connect=on_connect, fresh=fresh)


def _whoami_card(found: Whoami | None, *, is_demo: bool) -> str:
    if found is None:
        return ""
    may = "look and change" if found.can_manage else "look, and not change anything"
    title = f"Connected to {found.organization or found.host}"
    lines = [
        "The demo organization: nothing here is real." if is_demo else "",
        f"This key may {may}. It is a {found.key_kind}, {found.key_hint}, and acts for {found.caller.name}.",
        *found.notes,
    ]
    details = "\n".join(f"{name}: {value}" for name, value in found.facts())
    details += "\n\n" + frame_to_text(found.parts[["part", "can_read", "can_write"]])
    return alerts.card(title, lines, tone="good", details=details, details_title="What it may read and change")
