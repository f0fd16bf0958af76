"""Customer mail: what doors need to write a letter, try it out, approve it and watch it go, beside the log itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from functools import partial

from fireline.connectors.http import Permanent, Temporary
from fireline.connectors.mail import read_bounces
from fireline.connectors.smtp import Smtp
from fireline.core import board, letter, mailing
from fireline.core.draft import Finding, Inside
from fireline.core.events import Log
from fireline.core.incident import Incident, fold
from fireline.core.letter import Facts, Words
from fireline.core.mailing import Letter, Listed
from fireline.core.refusal import Refused
from fireline.settings import CustomersSettings, Settings
from fireline.store.copies import TROUBLE, Copies, Shown
from fireline.store.customers import Customers
from fireline.store.ledger import Ledger
from fireline.workflows.beat import Beat
from fireline.workflows.library import Library
from fireline.workflows.mailer import Letterhead, Mailer, trouble_with
from fireline.workflows.publish import Publish

EVERY = 0.5  # seconds between looks for copies that are due


@dataclass(frozen=True, slots=True)
class CustomerMail:
    """Letters of incidents, for every door. `head` is None where no mail can be sent."""

    ledger: Ledger
    library: Library
    publish: Publish
    customers: Customers
    copies: Copies
    told: CustomersSettings
    head: Letterhead | None
    post: Callable[[EmailMessage], None] | None
    mails: dict[str, str]  # where our own people get mail, by handle
    mailer: Mailer | None
    now: Callable[[], datetime]

    def beats(self) -> tuple[Beat, ...]:
        """What it does by itself."""
        return (Beat("customer mail", self.mailer.look, every=EVERY),) if self.mailer else ()

    def template(self, now: Incident) -> str:
        """The customer template of the incident's own runbook, else of the main one, else ours."""
        ref = now.declared.runbook
        return letter.template_of(self.library.at(ref) if ref else None, self.library.main)

    def services(self, now: Incident) -> tuple[str, ...]:
        """The services of ours that it is about, as far as the log knows."""
        named = [one.joined.labels.get("service", "") for one in now.alerts.values()]
        return tuple(dict.fromkeys(name for name in (now.declared.service or "", *named) if name))

    def known(self, now: Incident, services: Iterable[str] | None = None) -> Facts:
        """What a letter can be filled with by itself. Services are called as the status page calls them."""
        named: list[str] = []
        for one in self.services(now) if services is None else services:
            if one != mailing.EVERYBODY:
                named += board.components_of(one, self.publish.components) or [one]
        return letter.facts(
            now, services=dict.fromkeys(named), support=self.told.support or parseaddr(self.told.reply_to)[1],
            signature=self.told.signature,
        )  # fmt: skip

    def fill(self, now: Incident, services: Iterable[str] | None = None, **given: str | None) -> Words:
        """The runbook's words, filled with what the log knows and with what somebody typed."""
        return letter.fill(self.template(now), letter.given(self.known(now, services), **given))

    def findings(self, log: Log, one: Letter) -> tuple[Finding, ...]:
        """What speaks against sending a draft."""
        now = fold(0, log)
        return mailing.check(one, self._inside(log, now), self._meant(now))

    def look_over(self, log: Log, words: Words) -> tuple[Finding, ...]:
        """What the check would say of words that are no draft yet."""
        now = fold(0, log)
        return letter.check(words.subject, words.text, self._inside(log, now), self._meant(now))

    def listed(self, services: Iterable[str]) -> Listed:
        """Who would get a letter for these services now."""
        return self.customers.listed(services)

    def draft(
        self, number: int, *, subject: str, text: str, services: Iterable[str], by: str, key: str | None = None
    ) -> Incident:
        """Write down a letter; nobody gets it yet."""
        deed = partial(mailing.draft, subject=subject, text=text, services=tuple(services), by=by)
        return self.ledger.act(number, deed, key=key)

    def test(self, number: int, letter_number: int, *, by: str, key: str | None = None) -> str:
        """Send the letter to the one who asks, and to nobody else; the address. Done once for one `key`."""
        head, post = self._sending()
        log = self.ledger.log(number)
        one, to = mailing.find(log, letter_number), self.mails.get(by, "")
        if not to:
            raise Refused(f"Where do you get mail? [people.{by}] mail in the settings says it.", status=400)
        deed = partial(mailing.test, number=letter_number, by=by)
        deed(log, self.now())  # refused before anything is sent
        if key and self.ledger.done(key) is not None:
            return to
        mail = head.mail(
            one.drafted, to=to, name=f"test.{secrets.token_hex(12)}", leave="test", thread=mailing.thread(log),
            before=(), at=self.now(), subject=f"[Test] {one.drafted.subject}",
        )  # fmt: skip
        try:
            post(mail)
        except (Temporary, Permanent) as no:
            raise trouble_with(no) from None
        self.ledger.act(number, deed, key=key)
        return to

    def approve(
        self, number: int, letter_number: int, *, shown: str, meant: bool, by: str, key: str | None = None
    ) -> Incident:
        """Say yes to exactly what was shown, words and list; it goes out by that."""
        self._sending()
        log = self.ledger.log(number)
        now, one = fold(number, log), mailing.find(log, letter_number)
        deed = partial(
            mailing.approve, number=letter_number, shown=shown, who=self.listed(one.drafted.services),
            known=self._inside(log, now), template=self._meant(now), meant=meant, by=by,
        )  # fmt: skip
        return self.ledger.act(number, deed, key=key)

    def withdraw(self, number: int, letter_number: int, *, reason: str, by: str, key: str | None = None) -> Incident:
        """Take a draft back; of a letter that is going out, send no further copy."""
        return self.ledger.act(number, partial(mailing.withdraw, number=letter_number, reason=reason, by=by), key=key)

    def send_again(
        self, number: int, letter_number: int, *, customer: int, by: str, key: str | None = None
    ) -> Incident:
        """Send one copy once more, which did not arrive or of which that is not known."""
        self._sending()
        deed = partial(mailing.send_again, number=letter_number, customer=customer, by=by)
        return self.ledger.act(number, deed, key=key)

    def trouble(self, number: int, letter_number: int, limit: int = 50) -> tuple[Shown, ...]:
        """Copies that somebody should look at."""
        return self.copies.shown(number, letter_number, TROUBLE, limit)

    def bounced(self, raw: bytes) -> int:
        """Take a mail that a mail server wrote about others: how many of ours it tells of."""
        return sum(
            self.copies.bounced(one.name, one.recipients, one.reason, self.now(), final=one.final)
            for one in read_bounces(raw)
        )

    def _sending(self) -> tuple[Letterhead, Callable[[EmailMessage], None]]:
        if self.head is None or self.post is None:
            raise Refused("No customer mail is set up: [customers] and [smtp] in the settings do it.", status=400)
        return self.head, self.post

    def _inside(self, log: Log, now: Incident) -> Inside:
        return self.publish.inside(log, now)

    def _meant(self, now: Incident) -> str:
        """What this site says to customers on purpose, so that the check says nothing of it."""
        own = (self.told.support, self.told.reply_to, self.told.signature)
        return "\n".join((self.template(now), *own))


def customer_mail(
    settings: Settings, ledger: Ledger, library: Library, publish: Publish, now: Callable[[], datetime]
) -> CustomerMail:
    """Put it together. Touches nothing yet. Raises `Refused` when the settings cannot work."""
    told, smtp = settings.customers, settings.smtp
    if told and not smtp:
        raise Refused("[customers] in the settings needs [smtp], which says where mail is handed over.", status=400)
    database = ledger.database
    copies = Copies(database)
    head, server, mailer = None, None, None
    if told and smtp:
        sender = told.from_ or smtp.sender
        head = Letterhead(
            sender=sender, envelope=told.bounces or parseaddr(sender)[1], reply_to=told.reply_to,
            url=(told.url or settings.base_url).rstrip("/"),
        )  # fmt: skip
        server = Smtp(smtp.host, smtp.port, security=smtp.security, user=smtp.user, password=smtp.password)
        mailer = Mailer(ledger, copies, head, server.line(most=told.per_connection), pace=told.pace, now=now)
    return CustomerMail(
        ledger=ledger, library=library, publish=publish, customers=Customers(database), copies=copies,
        told=told or CustomersSettings(), head=head, post=server.send if server else None,
        mails={who: one.mail for who, one in settings.people.items() if one.mail}, mailer=mailer, now=now,
    )  # fmt: skip
