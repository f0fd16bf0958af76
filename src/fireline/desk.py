"""The desk: the few parts that it takes to declare. The house is built around it; `fireline declare` needs no more.

A declaration waits for nobody, not even for the import of what it does not use: nothing here knows a vendor, a walk or
a process. Whom an incident is told to stands in the settings, so that what follows can be written down without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from fireline import clock
from fireline.core import asking, chat, escalation, outbox, recipients
from fireline.core.private import Secrets
from fireline.core.roster import Roster
from fireline.durable import Durable
from fireline.settings import Settings
from fireline.store.accounts import Accounts
from fireline.store.database import Database
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger
from fireline.workflows.declare import Declare
from fireline.workflows.library import Library
from fireline.workflows.on_call import read as read_roster
from fireline.workflows.tables import SiteTables


@dataclass(frozen=True, slots=True)
class Desk:
    """What declares. `told` are the vendors that the settings name; the house has a messenger for each."""

    database: Database
    durable: Durable
    accounts: Accounts
    evidence: EvidenceStore
    library: Library
    roster: Roster
    told: frozenset[str]
    ledger: Ledger
    secrets: Secrets
    declare: Declare


def desk(settings: Settings, *, now: Callable[[], datetime] = clock.now) -> Desk:
    """Put it together. Touches nothing yet but the settings and the guard's tables that they name."""
    database = Database(settings.store.url)
    durable = Durable(database, now)
    evidence = EvidenceStore(database)
    library = Library(settings.runbooks.paths, evidence, SiteTables(settings.guard.tables))
    roster = read_roster(settings)
    told = frozenset(_told(settings, roster))
    ledger = Ledger(database, now=now, enqueue=durable.enqueue, vendors=told | frozenset(_abilities(settings)))
    secrets = Secrets(settings.private.people, settings.private.words)
    summaries = {name: one.minutes for name, one in settings.stakeholders.items()}
    return Desk(
        database=database,
        durable=durable,
        accounts=Accounts(database),
        evidence=evidence,
        library=library,
        roster=roster,
        told=told,
        ledger=ledger,
        secrets=secrets,
        declare=Declare(ledger, library, settings.drill, settings.severity, settings.cadence, secrets, summaries),
    )


def _told(settings: Settings, roster: Roster) -> Iterator[str]:
    """The vendors that are set up, by the names in `core.outbox`."""
    if settings.pager:
        yield "pagerduty"
    if roster.asks:
        yield escalation.ON_CALL
    if settings.status and settings.status.own_page:
        yield "own_page"
    if settings.statuspage:
        yield "statuspage"
    if settings.slack:
        yield from (chat.ROOMS, asking.VENDOR)
    if settings.chat.webhook:
        yield chat.POSTS
    if settings.chat.mail:
        yield chat.MAIL
    if any(one.mail for one in settings.stakeholders.values()):
        yield recipients.MAIL
    if any(one.webhook for one in settings.stakeholders.values()):
        yield recipients.CHAT


def _abilities(settings: Settings) -> Iterator[str]:
    """What else follows, beside the vendors' names (see `core.follow`, `core.outbox` and `core.chat`)."""
    if settings.runbooks.first_look:
        yield "health"
    if settings.pager and settings.pager.routing_key:
        yield outbox.EVENTS
    if settings.pager and settings.pager.api_token:
        yield outbox.REST
    if settings.slack:
        yield from chat.at(settings.slack.severities)
        if settings.slack.archive_after_hours >= 0:
            yield chat.archives_after(settings.slack.archive_after_hours)
