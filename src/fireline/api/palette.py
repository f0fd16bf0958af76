"""The palette: the runbook's commands at hand, one of them filled in, and commands handed out to be typed."""

from __future__ import annotations

import msgspec
from litestar import get, post

from fireline.api.deeds import NOES, Wish
from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.core.palette import Action
from fireline.core.people import Person
from fireline.core.refusal import Refused
from fireline.store.ledger import Ledger
from fireline.workflows.palette import Palette

TAGS = ("palette",)


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A command that can be chosen. `way`: a look runs at once, an ask waits, a tunnel is leased, a terminal typed."""

    step: str
    title: str
    group: str
    line: int
    command: str
    way: str
    effect: str
    why: str
    blanks: tuple[str, ...]


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """What the runbook offers, the appendix first."""

    incident: int
    actions: tuple[Offer, ...]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One value that fits a blank, and what there is to say of it."""

    value: str
    about: str


class Blank(msgspec.Struct, frozen=True, kw_only=True):
    """A blank: what is known of it, and what it can be. `source` says who knew, "" for the live system."""

    name: str
    kind: str
    value: str
    choices: tuple[Choice, ...]
    source: str
    why: str


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A command with the values that are known: `command` is "" while one is missing, and `missing` says which."""

    incident: int
    action: Offer
    command: str
    argv: tuple[str, ...]
    missing: str
    blanks: tuple[Blank, ...]


class NewTerminal(Wish, frozen=True, kw_only=True):
    """The step of a command that opens a terminal, with values for its blanks."""

    step: str
    values: dict[str, str] = msgspec.field(default_factory=dict)


class Terminal(msgspec.Struct, frozen=True, kw_only=True):
    """A command to type. It runs with your own credentials; what is done in it is never recorded."""

    incident: int
    terminal: int
    command: str
    recorded: bool = False


@get("/incidents/{number:int}/palette", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def list_palette(*, person: Person, number: Number, ledger: Ledger, palette: Palette, text: str = "") -> Offers:
    """Give the commands at hand, as far as they have every word of `text`."""
    return Offers(incident=number, actions=tuple(map(_offer, palette.actions(ledger.read(number), text))))


@get("/incidents/{number:int}/palette/{step:str}", tags=TAGS, responses=says_no(400, 404), sync_to_thread=True)
def show_palette_action(
    *, person: Person, number: Number, step: str, ledger: Ledger, palette: Palette, given: list[str] | None = None
) -> Filled:
    """Give one of them as it would run, with choices for its blanks. `given` are values so far: `given=pod=web-1`."""
    pairs = [one.partition("=") for one in given or []]
    if any(not equals for _, equals, _ in pairs):
        raise Refused("Give values as name=value.", status=400, field="given")
    form = palette.form(ledger.read(number), step, {name: value for name, _, value in pairs})
    blanks = tuple(
        Blank(
            name=one.name, kind=one.kind, value=form.values[one.name], source=form.offered[one.name].source,
            why=form.offered[one.name].why,
            choices=tuple(Choice(value=name, about=about) for name, about in form.offered[one.name].offered),
        )
        for one in form.action.blanks
    )  # fmt: skip
    return Filled(
        incident=number, action=_offer(form.action), command=form.text, argv=form.argv, missing=form.why, blanks=blanks
    )


@post("/incidents/{number:int}/terminals", tags=TAGS, responses=NOES, sync_to_thread=True)
def hand_out_terminal(
    *, data: NewTerminal, person: Person, number: Number, key: str | None, palette: Palette
) -> Terminal:
    """Take a command that opens a terminal, to type it yourself. The log says who has it."""
    one = palette.hand_out(number, data.step, values=data.values, by=person.handle, key=key)
    return Terminal(incident=number, terminal=one.terminal, command=one.command)


def _offer(one: Action) -> Offer:
    return Offer(
        step=one.step, title=one.title, group=one.group, line=one.line, command=one.command, way=one.way,
        effect=one.effect, why=one.why, blanks=tuple(blank.name for blank in one.blanks),
    )  # fmt: skip


handlers = (list_palette, show_palette_action, hand_out_terminal)
