"""The status page: everything that tells the public, put together from the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from fireline.connectors.http import Http
from fireline.connectors.smtp import Smtp
from fireline.connectors.statuspage import Statuspage
from fireline.core.board import Component
from fireline.settings import Settings, StatusSettings
from fireline.store.accounts import Accounts
from fireline.store.database import Database
from fireline.store.ledger import Ledger
from fireline.store.notices import Notices
from fireline.store.subscribers import Subscribers
from fireline.workflows.beat import Beat
from fireline.workflows.boards import EVERY, Boards
from fireline.workflows.inform.messenger import Messenger
from fireline.workflows.inform.own_page import OwnPageMessenger
from fireline.workflows.inform.statuspage import StatuspageMessenger
from fireline.workflows.letters import Letters
from fireline.workflows.library import Library
from fireline.workflows.publish import Publish


@dataclass(frozen=True, slots=True)
class StatusPage:
    """What is said to the public, and by which ways. `letters` is None where no mail can be sent."""

    told: StatusSettings
    served: bool  # at /status
    notices: Notices
    subscribers: Subscribers
    boards: Boards
    letters: Letters | None
    messengers: dict[str, Messenger]
    ours: tuple[str, ...]  # host names that the public may read

    def publish(self, ledger: Ledger, library: Library, accounts: Accounts) -> Publish:
        """Drafting and approving, which need more of the house."""
        rows = tuple((one.name, one.services) for one in self.told.components)
        places = tuple(self.messengers)
        return Publish(ledger, library, accounts, rows, self.told.never_say, self.ours, places)

    def beats(self) -> tuple[Beat, ...]:
        """What it does by itself."""
        if not self.served:
            return ()
        looks = (Beat("status page", self.boards.look, every=EVERY),)
        return (*looks, Beat("letters", self.letters.look, every=1.0)) if self.letters else looks


def status_page(settings: Settings, database: Database, now: Callable[[], datetime]) -> StatusPage:
    """Put it together. Touches nothing yet. Raises `Refused` when the settings cannot work."""
    told = settings.status or StatusSettings(own_page=False)
    url = settings.status_url
    notices, subscribers = Notices(database), Subscribers(database)
    boards = Boards(
        notices,
        title=told.title,
        url=url,
        components=tuple(Component(name=one.name, group=one.group) for one in told.components),
        copy=Path(told.copy),
        drill=settings.drill.on,
        now=now,
    )
    found: dict[str, Messenger] = {}
    if told.own_page:
        found["own_page"] = OwnPageMessenger(notices, url, boards.look)
    if vendor := settings.statuspage:
        ids = {one.name: one.statuspage for one in told.components if one.statuspage}
        page = Statuspage(Http(), vendor.page, vendor.api_key, vendor.url)
        found["statuspage"] = StatuspageMessenger(page, settings.base_url, ids)
    return StatusPage(
        told=told, served=told.own_page, notices=notices, subscribers=subscribers, boards=boards,
        letters=_letters(settings, subscribers, notices, now) if told.own_page else None, messengers=found,
        ours=tuple(host for host in (urlsplit(url).hostname,) if host),
    )  # fmt: skip


def _letters(
    settings: Settings, subscribers: Subscribers, notices: Notices, now: Callable[[], datetime]
) -> Letters | None:
    smtp = settings.smtp
    if smtp is None or settings.status is None:
        return None
    server = Smtp(smtp.host, smtp.port, security=smtp.security, user=smtp.user, password=smtp.password)
    return Letters(
        subscribers, notices, post=server.send, sender=smtp.sender, title=settings.status.title,
        url=settings.status_url, now=now,
    )  # fmt: skip
