"""What may be wrong: hypotheses of people, suspects of the house, graphs, the pulse, and the check for a symptom."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import msgspec
from litestar import get, post

from fireline.api.deeds import NOES, Act, Wish
from fireline.api.incidents import Number
from fireline.api.problem import says_no
from fireline.api.standing import IncidentStanding
from fireline.core import hypothesis
from fireline.core.hypothesis import Hypothesis
from fireline.core.people import Person
from fireline.workflows.investigate import Investigate, View

TAGS = ("investigation",)
WRONG = says_no(400, 403, 404, 409)


class NewHypothesis(Wish, frozen=True, kw_only=True):
    """What may be wrong; `evidence` are runs of this incident."""

    text: str
    reason: str = ""
    evidence: tuple[str, ...] = ()


class Reason(Wish, frozen=True, kw_only=True):
    """Why, and the runs that show it."""

    reason: str
    evidence: tuple[str, ...] = ()


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One word about a hypothesis: `what` is proposed, supported or ruled out."""

    at: datetime
    by: str
    what: str
    reason: str
    evidence: tuple[str, ...]


class Thought(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis: `state` is proposed, supported or ruled out."""

    number: int
    text: str
    state: str
    said: tuple[Said, ...]


class Thoughts(msgspec.Struct, frozen=True, kw_only=True):
    """What people think it is, the best supported first."""

    incident: int
    hypotheses: tuple[Thought, ...]


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """What may be behind it. `kind` is change, traffic, memory, database, provider, disk or certificate."""

    kind: str
    title: str
    score: float
    reasons: tuple[str, ...]
    at: datetime | None
    url: str
    runs: tuple[str, ...]


class Causes(msgspec.Struct, frozen=True, kw_only=True):
    """The suspects, ranked; `sure` only when the first stands out. `unknown` is what could not be looked at."""

    incident: int
    sure: bool
    says: str
    suspects: tuple[Suspect, ...]
    unknown: tuple[str, ...]


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """A measured line; without points `why` says why."""

    name: str
    unit: str
    kind: str
    query: str
    says: str
    limit: float | None
    why: str
    points: tuple[tuple[datetime, float], ...]


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One look at whether it still happens: `found` is well, unwell or blind."""

    at: datetime
    found: str
    says: tuple[str, ...]


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """A past incident that reads like it."""

    incident: int
    title: str
    score: float
    why: str
    cause: str
    helped: tuple[str, ...]


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider says it is: well, unwell or unknown."""

    name: str
    service: str
    state: str
    says: tuple[str, ...]
    read_at: datetime | None


class Into(msgspec.Struct, frozen=True, kw_only=True):
    """A link into another tool; without a `url`, `why` there is none."""

    name: str
    url: str
    why: str


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """What the house sees by itself. `pulse` is happening, stopped, flapping or unknown; null before the first word."""

    incident: int
    pulse: str | None
    looks: tuple[Looked, ...]
    panels: tuple[Panel, ...]
    similar: tuple[Alike, ...]
    providers: tuple[Provider, ...]
    links: tuple[Into, ...]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """The runbook's check for a symptom. With a `step` it can be asked for by that."""

    symptom: str
    check: str
    command: str
    step: str | None
    line: int
    score: float
    why: str


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """The checks that fit, the best first; none where the runbook has none."""

    incident: int
    text: str
    checks: tuple[Check, ...]


@get("/incidents/{number:int}/hypotheses", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def list_hypotheses(*, person: Person, number: Number, investigate: Investigate) -> Thoughts:
    """Give what people think is wrong, and what was said for and against it."""
    return Thoughts(incident=number, hypotheses=tuple(map(_thought, investigate(number).hypotheses)))


@post("/incidents/{number:int}/hypotheses", tags=TAGS, responses=WRONG, sync_to_thread=True)
def propose_hypothesis(*, data: NewHypothesis, person: Person, act: Act) -> IncidentStanding:
    """Say what may be wrong."""
    deed = partial(hypothesis.propose, text=data.text, reason=data.reason, evidence=data.evidence, by=person.handle)
    return act(deed)


@post("/incidents/{number:int}/hypotheses/{which:int}/support", tags=TAGS, responses=NOES, sync_to_thread=True)
def support_hypothesis(*, data: Reason, person: Person, which: int, act: Act) -> IncidentStanding:
    """Say what speaks for it."""
    deed = partial(hypothesis.support, hypothesis=which, reason=data.reason, evidence=data.evidence, by=person.handle)
    return act(deed)


@post("/incidents/{number:int}/hypotheses/{which:int}/ruling-out", tags=TAGS, responses=NOES, sync_to_thread=True)
def rule_out_hypothesis(*, data: Reason, person: Person, which: int, act: Act) -> IncidentStanding:
    """Say why it is not that."""
    deed = partial(hypothesis.rule_out, hypothesis=which, reason=data.reason, evidence=data.evidence, by=person.handle)
    return act(deed)


@get("/incidents/{number:int}/causes", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def show_causes(*, person: Person, number: Number, investigate: Investigate) -> Causes:
    """Give what may be behind it, ranked, with reasons; "not sure" is an answer."""
    view = investigate(number)
    found = view.suspects
    suspects = tuple(
        Suspect(
            kind=one.kind, title=one.title, score=one.score, reasons=one.reasons, at=one.at, url=one.url, runs=one.runs
        )
        for one in found.all
    )
    return Causes(incident=number, sure=found.sure, says=found.says, suspects=suspects, unknown=view.blind)


@get("/incidents/{number:int}/signals", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def show_signals(*, person: Person, number: Number, investigate: Investigate) -> Signals:
    """Give what the house sees by itself: the pulse, graphs, incidents like it, providers, links into other tools."""
    return _signals(investigate(number))


@get("/incidents/{number:int}/symptoms", tags=TAGS, responses=says_no(400, 404), sync_to_thread=True)
def find_checks(*, person: Person, number: Number, investigate: Investigate, text: str = "") -> Checks:
    """Give the runbook's checks for what somebody sees, such as `text=5xx errors`."""
    checks = tuple(
        Check(
            symptom=one.symptom, check=one.check, command=one.command, step=one.step, line=one.line, score=one.score,
            why=one.why,
        )
        for one in investigate.symptoms(number, text)
    )  # fmt: skip
    return Checks(incident=number, text=text, checks=checks)


handlers = (
    list_hypotheses, propose_hypothesis, support_hypothesis, rule_out_hypothesis, show_causes, show_signals,
    find_checks,
)  # fmt: skip


def _thought(one: Hypothesis) -> Thought:
    said = tuple(
        Said(
            at=word.at, by=word.by, what=hypothesis.what(word), reason=word.reason,
            evidence=word.evidence,
        )
        for word in one.words
    )  # fmt: skip
    return Thought(number=one.number, text=one.proposed.text, state=one.state, said=said)


def _signals(view: View) -> Signals:
    panels = tuple(
        Panel(
            name=one.series.name, unit=one.series.unit, kind=one.series.kind, query=one.series.query, says=one.says,
            limit=one.series.limit, why=one.series.why, points=one.series.points,
        )
        for one in view.graphs
    )  # fmt: skip
    similar = tuple(
        Alike(
            incident=one.past.number, title=one.past.title, score=one.score, why=one.why, cause=one.past.cause,
            helped=one.past.helped,
        )
        for one in view.similar
    )  # fmt: skip
    providers = tuple(
        Provider(name=one.name, service=one.service, state=one.state, says=one.says, read_at=one.read_at)
        for one in view.providers
    )
    return Signals(
        incident=view.now.number,
        pulse=view.pulse,
        looks=tuple(Looked(at=one.at, found=one.word, says=one.says) for one in view.looks),
        panels=panels,
        similar=similar,
        providers=providers,
        links=tuple(Into(name=one.name, url=one.url, why=one.why) for one in view.links),
    )
