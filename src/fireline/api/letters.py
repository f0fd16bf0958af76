"""Mail to customers: letters of an incident, how far each is, and whom we may write to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import PathParameter, QueryParameter

from fireline.api.deeds import Wish
from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.api.public import Found
from fireline.core import letter, mailing
from fireline.core.customers import customer
from fireline.core.draft import Finding
from fireline.core.events import Log
from fireline.core.incident import fold
from fireline.core.people import Person, must_act
from fireline.core.refusal import Refused
from fireline.store.ledger import Ledger
from fireline.workflows.customer_mail import CustomerMail

TAGS = ("letters",)
CUSTOMERS_MAX = 5_000  # of one request
Which = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="The letter's number in the incident.")]
Whose = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="The customer's number, as a copy names it.")]
After = Annotated[str, QueryParameter(required=False, description="The last address of the page before.")]


class NewLetter(Wish, frozen=True, kw_only=True):
    """A letter. Without `subject` and `text` it is the runbook's own words, filled with the rest and with the log.

    `choice` is how the subject begins (Action Required or FYI); `began` and `ended` are UTC, as `2026-11-23T03:04`.
    `services` say whose customers get it, those of the incident without; `*` is everybody.
    """

    services: tuple[str, ...] | None = None
    subject: str | None = None
    text: str | None = None
    choice: str | None = None
    began: str | None = None
    ended: str | None = None
    impact: str | None = None
    cause: str | None = None
    resolution: str | None = None
    prevention: str | None = None


class LetterYes(Wish, frozen=True, kw_only=True):
    """`shown` is the digest of words and list as they were shown; `meant`: what the check found may go out."""

    shown: str
    meant: bool = False


class LetterNo(Wish, frozen=True, kw_only=True):
    """Why it will not be sent, or no further."""

    reason: str


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A letter as it would be kept: its words, what the check says of them, how many would get it."""

    subject: str
    text: str
    html: str
    services: tuple[str, ...]
    recipients: int
    findings: tuple[Found, ...]


class LetterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One letter. `state` is draft, withdrawn, going out, sent or stopped; a yes is bound to `digest`.

    `recipients` of a draft are those who would get it now; `counts` say how many copies are in which state,
    `held_up` why those that wait have to.
    """

    number: int
    state: str
    subject: str
    text: str
    services: tuple[str, ...]
    recipients: int
    digest: str | None
    drafted_by: str
    drafted_at: datetime
    tested_by: tuple[str, ...]
    approved_by: str | None
    approved_at: datetime | None
    withdrawn_because: str | None
    findings: tuple[Found, ...]
    counts: dict[str, int]
    held_up: str


class LetterList(msgspec.Struct, frozen=True, kw_only=True):
    """All letters of an incident, oldest first."""

    letters: tuple[LetterRow, ...]


class CopyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One copy that somebody should look at: unknown, refused, bounced or failed, and why."""

    customer: int
    mail: str
    state: str
    reason: str
    since: datetime


class CopyList(msgspec.Struct, frozen=True, kw_only=True):
    """Copies that somebody should look at, the newest first, at most 500."""

    copies: tuple[CopyRow, ...]


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """Where the test mail went."""

    to: str


class NewCustomer(Wish, frozen=True, kw_only=True):
    """One address, and the services it hears of; every one without."""

    mail: str
    services: tuple[str, ...] = ()


class NewCustomers(Wish, frozen=True, kw_only=True):
    """Customers to bring in, at most 5000 at once. Services replace those that were known of the address."""

    customers: tuple[NewCustomer, ...]


class CustomerMailAddress(Wish, frozen=True, kw_only=True):
    """An address that wants no more mail."""

    mail: str


class CustomerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One customer; `left` says that they want no more mail."""

    number: int
    mail: str
    services: tuple[str, ...]
    left: bool


class CustomerList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of customers by address; how many get mail, how many left, how many hear of each service."""

    customers: tuple[CustomerRow, ...]
    here: int
    left: int
    services: dict[str, int]


class BroughtIn(msgspec.Struct, frozen=True, kw_only=True):
    """How many addresses came, and how many of them were new."""

    customers: int
    new: int


@get("/incidents/{number:int}/letters", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def list_letters(*, person: Person, number: Number, ledger: Ledger, customer_mail: CustomerMail) -> LetterList:
    """Give the letters of an incident, and how far each is."""
    return _list(number, ledger.log(number), customer_mail)


@post("/incidents/{number:int}/letters/preview", tags=TAGS, responses=says_no(403, 404), sync_to_thread=True,
      status_code=200)  # fmt: skip
def preview(
    *, data: NewLetter, person: Person, number: Number, key: str | None, ledger: Ledger, customer_mail: CustomerMail
) -> Preview:  # fmt: skip
    """Show a letter as it would be kept. Nothing is."""
    log = ledger.log(number)
    words, services = _words(data, log, number, customer_mail)
    return Preview(
        subject=words.subject, text=words.text, html=letter.html(words.text), services=services,
        recipients=customer_mail.listed(services).count, findings=_found(customer_mail.look_over(log, words)),
    )  # fmt: skip


@post("/incidents/{number:int}/letters", tags=TAGS, responses=says_no(403, 404, 409), sync_to_thread=True)
def draft(
    *, data: NewLetter, person: Person, number: Number, key: str | None, ledger: Ledger, customer_mail: CustomerMail
) -> LetterList:
    """Write down a letter; nobody gets it yet."""
    words, services = _words(data, ledger.log(number), number, customer_mail)
    customer_mail.draft(number, subject=words.subject, text=words.text, services=services, by=person.handle, key=key)
    return _list(number, ledger.log(number), customer_mail)


@post("/incidents/{number:int}/letters/{which:int}/test", tags=TAGS, responses=says_no(403, 404, 409),
      sync_to_thread=True)  # fmt: skip
def send_test(*, person: Person, number: Number, which: Which, key: str | None, customer_mail: CustomerMail) -> Tested:
    """Send a draft to whoever asks, and to nobody else."""
    return Tested(to=customer_mail.test(number, which, by=person.handle, key=key))


@post("/incidents/{number:int}/letters/{which:int}/yes", tags=TAGS, responses=says_no(403, 404, 409),
      sync_to_thread=True)  # fmt: skip
def say_yes(
    *, data: LetterYes, person: Person, number: Number, which: Which, key: str | None, ledger: Ledger,
    customer_mail: CustomerMail,
) -> LetterList:  # fmt: skip
    """Send exactly the words that were shown to exactly the list that was, once to each."""
    customer_mail.approve(number, which, shown=data.shown, meant=data.meant, by=person.handle, key=key)
    return _list(number, ledger.log(number), customer_mail)


@post("/incidents/{number:int}/letters/{which:int}/no", tags=TAGS, responses=says_no(403, 404, 409),
      sync_to_thread=True)  # fmt: skip
def say_no(
    *, data: LetterNo, person: Person, number: Number, which: Which, key: str | None, ledger: Ledger,
    customer_mail: CustomerMail,
) -> LetterList:  # fmt: skip
    """Take a draft back; of a letter that is going out, send no further copy."""
    customer_mail.withdraw(number, which, reason=data.reason, by=person.handle, key=key)
    return _list(number, ledger.log(number), customer_mail)


@get("/incidents/{number:int}/letters/{which:int}/copies", tags=TAGS, responses=says_no(403, 404),
     sync_to_thread=True)  # fmt: skip
def list_copies(
    *, person: Person, number: Number, which: Which, ledger: Ledger, customer_mail: CustomerMail
) -> CopyList:
    """Give the copies that did not arrive, or of which that is not known."""
    must_act(person)  # addresses of customers are nobody's to look at without a need
    mailing.find(ledger.log(number), which)
    rows = customer_mail.trouble(number, which, limit=500)
    return CopyList(copies=tuple(CopyRow(**msgspec.structs.asdict(one)) for one in rows))


@post("/incidents/{number:int}/letters/{which:int}/copies/{whose:int}/again", tags=TAGS,
      responses=says_no(403, 404, 409), sync_to_thread=True)  # fmt: skip
def send_again(
    *, person: Person, number: Number, which: Which, whose: Whose, key: str | None, ledger: Ledger,
    customer_mail: CustomerMail,
) -> LetterList:  # fmt: skip
    """Send one copy once more, which did not arrive or of which that is not known."""
    customer_mail.send_again(number, which, customer=whose, by=person.handle, key=key)
    return _list(number, ledger.log(number), customer_mail)


@get("/customers", tags=TAGS, responses=says_no(403), sync_to_thread=True)
def list_customers(*, person: Person, customer_mail: CustomerMail, after: After = "") -> CustomerList:
    """Give customers by address, 100 a page, and how many there are."""
    must_act(person)
    return _page(customer_mail, after)


@post("/customers", tags=TAGS, responses=says_no(403), sync_to_thread=True)
def bring_in(
    *, data: NewCustomers, person: Person, key: str | None, customer_mail: CustomerMail, now: Callable[[], datetime]
) -> BroughtIn:
    """Bring customers in; twice is as good as once. Whoever wants no more mail stays away."""
    if len(data.customers) > CUSTOMERS_MAX:
        raise Refused(f"At most {CUSTOMERS_MAX} customers at once.", field="customers", status=400)
    found = {one.mail: one for raw in data.customers for one in (customer(raw.mail, raw.services),)}
    new = customer_mail.customers.bring_in(tuple(found.values()), now(), by=person.handle)
    return BroughtIn(customers=len(found), new=new)


@post("/customers/leaving", tags=TAGS, responses=says_no(403, 404), sync_to_thread=True)
def leave(
    *, data: CustomerMailAddress, person: Person, key: str | None, customer_mail: CustomerMail,
    now: Callable[[], datetime],
) -> CustomerList:  # fmt: skip
    """Somebody told us that they want no more mail."""
    if not customer_mail.customers.leave(now(), mail=data.mail):
        raise Refused("There is no such customer.", field="mail", status=404)
    return _page(customer_mail)


handlers = (
    list_letters, preview, draft, send_test, say_yes, say_no, list_copies, send_again, list_customers, bring_in, leave,
)  # fmt: skip


def _page(mail: CustomerMail, after: str = "") -> CustomerList:
    rows, tally = mail.customers.page(after), mail.customers.tally()
    return CustomerList(
        customers=tuple(CustomerRow(**msgspec.structs.asdict(one)) for one in rows), here=tally.here, left=tally.left,
        services=tally.services,
    )  # fmt: skip


def _words(data: NewLetter, log: Log, number: int, mail: CustomerMail) -> tuple[letter.Words, tuple[str, ...]]:
    now = fold(number, log)
    services = mail.services(now) if data.services is None else data.services
    filled = mail.fill(
        now, services, choice=data.choice, began=data.began, ended=data.ended, impact=data.impact, cause=data.cause,
        resolution=data.resolution, prevention=data.prevention,
    )  # fmt: skip
    subject = filled.subject if data.subject is None else data.subject
    return letter.Words(subject, filled.text if data.text is None else data.text), services


def _list(number: int, log: Log, mail: CustomerMail) -> LetterList:
    counts, held_up = mail.copies.counts(number), mail.copies.held_up(number)

    def row(one: mailing.Letter) -> LetterRow:
        said, yes = one.drafted, one.approved
        waits = one.state == "draft"
        who = mail.listed(said.services) if waits else None
        return LetterRow(
            number=one.number, state=one.state, subject=said.subject, text=said.text, services=said.services,
            recipients=who.count if who else yes.recipients if yes else 0,
            digest=mailing.digest(said, who) if who else yes.digest if yes else None, drafted_by=said.by,
            drafted_at=said.at, tested_by=tuple(dict.fromkeys(test.by for test in one.tested)),
            approved_by=yes.by if yes else None, approved_at=yes.at if yes else None,
            withdrawn_because=one.withdrawn.reason if one.withdrawn else None,
            findings=_found(mail.findings(log, one)) if waits else (), counts=counts.get(one.number, {}),
            held_up=held_up.get(one.number, ""),
        )  # fmt: skip

    return LetterList(letters=tuple(row(one) for one in mailing.letters(log)))


def _found(findings: tuple[Finding, ...]) -> tuple[Found, ...]:
    return tuple(Found(kind=one.kind, said=one.said, stops=one.stops) for one in findings)
