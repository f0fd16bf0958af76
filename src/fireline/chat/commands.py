"""Commands: `/incident …`. Each verb reads what was typed and does one deed, the same that the page does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fireline.chat import forms, words
from fireline.chat.parts import Answer, Parts
from fireline.chat.payloads import Command
from fireline.chat.people import Unknown
from fireline.chat.runs import Runs
from fireline.chat.words import Wish
from fireline.core import brief, gate, incident, roles
from fireline.core.brief import Line
from fireline.core.incident import STATUSES
from fireline.core.people import Person
from fireline.core.refusal import Refused
from fireline.core.update import UNKNOWN, Draft
from fireline.workflows.inform import blocks

SHORT = ("What", "Since", "Severity", "Command", "Waits", "Next update")  # of a brief, for `status`


@dataclass(frozen=True, slots=True)
class Commands:
    """Does what people type."""

    parts: Parts
    runs: Runs

    def __call__(self, said: Command) -> Answer:
        """Do it and say so. Raises `Refused`, for the asker alone to read."""
        wish = words.wish(said.text)
        match wish.verb:
            case "help":
                return Answer(words.HELP)
            case "brief":
                return self._brief(wish, said)
        person = self.parts.people.find(said.user_id)
        if wish.verb == "status" and not wish.rest:
            return self._status(self._number(wish, said))
        person = self.parts.people.who_acts(said.user_id)
        if wish.verb == "declare":
            return self._declare(wish, person, _key(said))
        return self._act(self._number(wish, said), wish, person, said)

    def _act(self, number: int, wish: Wish, person: Person, said: Command) -> Answer:
        by, key, rest = person.handle, _key(said), wish.rest
        match wish.verb:
            case "update" if not rest:
                return self.write_update(number, said.trigger_id)
            case "update":
                return self._update(number, words.typed(rest), by, key)
            case "status":
                status, why = words.first_of(STATUSES, rest)
                name, why = status or rest.partition(" ")[0], words.typed(why)
                if name == "Resolved":
                    return self._resolve(number, why, by, key)
                deed = partial(incident.change_status, status=name, why=why, by=by)
                now = self.parts.house.ledger.act(number, deed, key=key)
                return self._done(number, f"{person.name}: {now.name} is {now.status}.")
            case "sev":
                return self._severity(number, rest, person, key)
            case "assign":
                return self._assign(number, rest, person, key)
            case "run" if not rest:
                return self.runs.next(number, trigger=said.trigger_id, channel=said.channel_id)
            case "run":
                return self.runs.text(number, rest, by=by, key=key, trigger=said.trigger_id, channel=said.channel_id)
            case _:
                return self._resolve(number, words.typed(rest), by, key)

    def write_update(self, number: int, trigger: str) -> Answer:
        """Open the draft of the next update."""
        draft = self.parts.house.communicate.draft(number)
        users, services = _impact(draft)
        view = forms.write_update(number, draft.line, actions=draft.actions, users=users, services=services)
        self.parts.desk.open_view(trigger, view)
        return Answer()

    def _declare(self, wish: Wish, person: Person, key: str) -> Answer:
        declare = self.parts.house.declare
        closed, rest = words.first_of(("private",), wish.rest)
        severity, title = words.first_of(tuple(one.id for one in declare.severities()), rest)
        made = declare.by_person(
            words.typed(title), by=person.handle, severity=severity or None, key=key, private=bool(closed) or None
        )
        why = f"{made.severity_name}: {made.declared.severity_why}"
        return Answer(
            f"{made.name} {made.title}, declared by {person.name}. {why}",
            [
                blocks.section(f"{made.name} {made.title}", label="Declared:"),
                blocks.context(f"by {person.name}; {why}"),
                self.buttons(made.number),
            ],
            everybody=not made.private,
        )

    def _brief(self, wish: Wish, said: Command) -> Answer:
        """For everybody of our workspace, known to the house or not; of a private incident for its people only."""
        number = self._number(wish, said)
        log = self.parts.house.ledger.log(number)  # a stranger's eyes find no private one
        try:
            self.parts.people.find(said.user_id)
        except Unknown:
            if not self.parts.people.face(said.user_id).ours:
                raise
        lines = brief.brief(number, log, self.parts.now(), base_url=self.parts.house.settings.base_url)
        return Answer(brief.text(lines), _lines(lines))

    def _status(self, number: int) -> Answer:
        lines = tuple(one for one in self.parts.house.communicate.brief(number) if one.label in SHORT)
        return Answer(brief.text(lines), [*_lines(lines), self.buttons(number)])

    def _update(self, number: int, actions: str, by: str, key: str) -> Answer:
        communicate = self.parts.house.communicate
        draft = communicate.draft(number)
        communicate.send(number, actions=actions, users=draft.users, services=draft.services, by=by, key=key)
        return self._done(number, f"Update #{draft.number} is sent.")

    def _severity(self, number: int, rest: str, person: Person, key: str) -> Answer:
        house = self.parts.house
        name, _, reason = rest.partition(" ")
        ref = house.ledger.read(number).declared.runbook
        row = house.declare.severity(name, house.library.at(ref) if ref else None)
        deed = partial(
            incident.change_severity, severity=row.id, severity_name=row.name, response_minutes=row.response_minutes,
            reason=words.typed(reason).strip(), by=person.handle,
        )  # fmt: skip
        now = house.ledger.act(number, deed, key=key)
        return self._done(number, f"{person.name}: {now.name} is {now.severity} {now.severity_name}.")

    def _assign(self, number: int, rest: str, person: Person, key: str) -> Answer:
        wanted, communicate = words.assignment(rest, roles.ROLES), self.parts.house.communicate
        to = self._handle(wanted, person)
        if not wanted.role:
            communicate.give(number, to=to, text=wanted.text, minutes=wanted.minutes, by=person.handle, key=key)
            return self._done(number, f"{to} is asked, within {wanted.minutes} minutes: {wanted.text}")
        title = roles.TITLES[wanted.role]
        if to == person.handle:
            deed = partial(roles.take, role=wanted.role, by=to, subject=wanted.text)
            self.parts.house.ledger.act(number, deed, key=key)
            return self._done(number, f"You are {title}.")
        communicate.offer(number, role=wanted.role, to=to, by=person.handle, subject=wanted.text, key=key)
        return self._done(number, f"{to} is asked to be {title}: a yes is `/incident assign {wanted.role} me`.")

    def _handle(self, wanted: words.Assignment, person: Person) -> str:
        """Whom somebody means: `me`, a handle, or a mention."""
        if not wanted.user:
            return person.handle if wanted.handle == "me" else wanted.handle
        try:
            return self.parts.people.find(wanted.user).handle
        except Unknown as no:
            who = self.parts.people.face(wanted.user).name
            raise Refused(f"fireline does not know {who} of Slack: say their handle. {no.sentence}") from no

    def _resolve(self, number: int, why: str, by: str, key: str) -> Answer:
        self.parts.house.ledger.act(number, partial(gate.resolve, why=why, by=by), key=key)
        return self._done(number, f"INC-{number} is Resolved.")

    def _done(self, number: int, text: str) -> Answer:
        return Answer(text, [blocks.section(text), blocks.context(self.parts.page(number))])

    def _number(self, wish: Wish, said: Command) -> int:
        return self.parts.rooms.number(said.channel_id, wish.number)

    def buttons(self, number: int) -> blocks.Block:
        """What can be done with one press."""
        return blocks.do(self.parts.house.ledger.read(number), self.parts.page(number))


def _key(said: Command) -> str:
    """One invocation: an envelope that Slack sends again is done once."""
    return f"slack:{said.trigger_id}"


def _lines(lines: tuple[Line, ...]) -> list[blocks.Block]:
    return blocks.lines((one.label, one.text) for one in lines)


def _impact(draft: Draft) -> tuple[str, str]:
    """Users and services as the form says them."""
    users = UNKNOWN if draft.users is None else str(draft.users)
    services = UNKNOWN if draft.services is None else ", ".join(draft.services) or "none"
    return users, services
