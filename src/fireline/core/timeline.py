"""The timeline: the log read aloud, one sentence an event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fireline.core import approval
from fireline.core.aftermath import After, aftermath
from fireline.core.attachment import large
from fireline.core.chat import NAMES as CHAT_NAMES
from fireline.core.errand import heard
from fireline.core.events import (
    HOUSE,
    AcknowledgementMissed,
    AlertCleared,
    AlertFlaps,
    AlertJoined,
    AlertsCleared,
    AlertSilent,
    AlertsJoined,
    AlertsMoved,
    AnyEvent,
    ApprovalAsked,
    ApprovalDenied,
    ApprovalGiven,
    ApprovalVoided,
    CancellationAsked,
    CommandFinished,
    CommandStarted,
    DeliveredByHand,
    DeliveryAskedAgain,
    DeliveryBegun,
    DeliveryDelayed,
    DeliveryGivenUp,
    DeliveryMade,
    EscalationEnded,
    FileAttached,
    GateOverridden,
    GateTicked,
    GlassBroken,
    IncidentAcknowledged,
    IncidentDeclared,
    IncidentMerged,
    IncidentTakenIn,
    Log,
    NoteAdded,
    OutcomeHeard,
    PageReleased,
    PeopleAsked,
    PublicUpdateApproved,
    PublicUpdateDrafted,
    PublicUpdateWithdrawn,
    ReviewDrafted,
    RootCauseStated,
    SeverityChanged,
    StatusChanged,
    StepSkipped,
    StormBegan,
    UndoKept,
    WalkEnded,
    WatchPassed,
)
from fireline.core.incident import fold
from fireline.core.joined import named
from fireline.core.liaised import Liaised, liaised
from fireline.core.looking import Looked, looked
from fireline.core.privately import Privately, privately
from fireline.core.public import PLACES
from fireline.core.recipients import NAMES as STAKEHOLDERS
from fireline.core.roomed import Roomed, roomed
from fireline.core.telling import Told, Words, words
from fireline.core.ticked import Ticked, ticked

LOOKS = {"preview", "capture"}  # around a change: what they told stands in the ask and in the way back
WHYS_SHOWN = 3  # of many alerts that joined at once
OWN_WAYS = {"pagerduty": "PagerDuty", "on_call": "On call", "slack_asks": "Slack"}
VENDORS = {**OWN_WAYS, **PLACES, **CHAT_NAMES, **STAKEHOLDERS}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline. `icon` and `tone` are names of the design; `kind` is what a filter asks for."""

    seq: int
    at: datetime
    actor: str
    sentence: str
    kind: str  # alerts, commands, people, updates, deliveries, status
    icon: str
    tone: str = ""  # "", ok, warn, bad, accent
    key: bool = False  # a moment the story cannot do without
    detail: str = ""
    evidence: str | None = None
    back_dated: bool = False
    passing: bool = False  # a start whose end is told as well: readers of a story can do without it


def entries(log: Log) -> tuple[Entry, ...]:
    """The whole timeline, oldest first. Back-dated notes stand at the time they speak of."""
    found = [_entry(seq, event, log) for seq, event in enumerate(log, 1)]
    return tuple(sorted(found, key=lambda one: (one.at, one.seq)))


def actor(by: str) -> str:
    """Who did it, as it is said."""
    return "fireline" if by == HOUSE else by


def duration(span: timedelta) -> str:
    """A span as people say it: 42 s, 3 min 5 s, 2 h 4 min, 6 days 2 h."""
    seconds = int(span.total_seconds())
    if span.days > 1:
        return f"{span.days} days {span.seconds // 3600} h" if span.seconds >= 3600 else f"{span.days} days"
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s" if seconds % 60 else f"{seconds // 60} min"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def _entry(seq: int, event: AnyEvent, log: Log) -> Entry:  # noqa: PLR0911, C901, PLR0912, PLR0915  # one line an event, all in one place
    at, who = event.at, actor(event.by)

    def line(sentence: str, kind: str, icon: str, tone: str = "", **more: object) -> Entry:
        return Entry(seq, at, who, sentence, kind, icon, tone, **more)  # type: ignore[arg-type]

    if isinstance(event, After | Roomed | Told | Looked | Privately | Liaised | Ticked):
        told = _elsewhere(event, who, log)
        return line(
            told.sentence, told.kind, told.icon, told.tone, key=told.key, detail=told.detail, passing=told.passing
        )
    match event:
        case IncidentDeclared():
            scenario = f", scenario {event.scenario}" if event.scenario else ""
            return line(
                f"{event.severity} declared: {event.title}{scenario}",
                "status",
                "flame",
                "bad",
                key=True,
                detail=" ".join(f"{why.rstrip('.')}." for why in _whys(event) if why),
            )
        case AlertJoined():
            return line(
                f"{event.name} fires ({event.source}): {event.summary}",
                "alerts",
                "bell",
                "bad",
                detail=event.why,
            )
        case AlertCleared():
            return line(f"{event.name} is over", "alerts", "bell", "ok")
        case AlertsJoined(alerts=alerts):
            sources = ", ".join(dict.fromkeys(one.source for one in alerts))
            whys = "; ".join(list(dict.fromkeys(one.why for one in alerts))[:WHYS_SHOWN])
            said = f"{len(alerts)} alerts fire ({sources}): {named([one.name for one in alerts])}"
            return line(said, "alerts", "bell", "bad", detail=whys)
        case AlertsCleared(alerts=over):
            return line(f"{len(over)} alerts are over: {named([one.name for one in over])}", "alerts", "bell", "ok")
        case AlertSilent(alerts=silent):
            since = min(one.at for one in silent)
            said = f"No data for {named([one.name for one in silent])}"
            why = f"The source has not spoken since {since:%H:%M:%S}: neither good nor over."
            return line(said, "alerts", "bell", "warn", detail=why)
        case AlertFlaps():
            said = f"{event.name} is flapping: it began or ended {event.turns} times in {event.minutes:g} min"
            return line(said, "alerts", "bell", "warn", detail="It counts as firing until it has been quiet for 5 min.")
        case StormBegan():
            said = f"{event.count} different faults within {event.seconds:g} s: further ones join this incident"
            merged = f" Merged into it: {', '.join(f'INC-{n}' for n in event.incidents)}." if event.incidents else ""
            return line(said, "alerts", "bell", "bad", key=True, detail=f"{named(list(event.names))}.{merged}")
        case PageReleased():
            return line(f"The page that was held goes out: {event.why}", "deliveries", "bell", "warn", key=True)
        case IncidentMerged():
            return line(f"{who} merged this into INC-{event.into}: {event.why}", "status", "flag", "ok", key=True)
        case IncidentTakenIn():
            many = f", with {len(event.alerts)} alerts" if len(event.alerts) > 1 else ""
            said = f"INC-{event.number} is part of this{many}: {event.why}"
            return line(said, "status", "flag", "accent", key=True, detail=event.title)
        case AlertsMoved():
            said = f"{who} split {len(event.fingerprints)} of the alerts off into INC-{event.to}: {event.why}"
            return line(said, "status", "flag", "accent", key=True)
        case IncidentAcknowledged():
            took = duration(event.at - fold(0, log).declared.detected_at)
            return line(f"{who} acknowledged after {took}", "people", "check", "ok", key=True)
        case AcknowledgementMissed():
            return line(f"Nobody acknowledged within {event.response_minutes} min", "people", "clock", "bad", key=True)
        case SeverityChanged():
            return line(f"Severity is now {event.severity}: {event.reason}", "status", "flag", "accent", key=True)
        case StatusChanged():
            why = f": {event.why}" if event.why else ""
            loud = ", NOT VERIFIED" if event.unverified else ""
            return line(
                f"Status {event.status}{loud}{why}",
                "status",
                "flag",
                "bad" if loud else "ok" if event.status == "Resolved" else "accent",
                key=True,
            )
        case NoteAdded():
            back = event.happened_at is not None
            return Entry(
                seq,
                event.happened_at or at,
                who,
                event.text,
                "people",
                "star",
                "accent",
                key=event.by != HOUSE,
                back_dated=back,
                detail=f"told at {at:%H:%M}" if back else "",
            )
        case RootCauseStated():
            what = "Root cause" if event.known else "Root cause unknown, accepted"
            return line(f"{what}: {event.text}", "people", "search", "accent", key=True)
        case GateTicked(gate=gate):
            return line(f"{who} vouches: {_gate(log, gate)}", "people", "check", "ok")
        case GateOverridden(gate=gate):
            return line(f"{who} set aside “{_gate(log, gate)}”: {event.reason}", "people", "flag", "warn", key=True)
        case WatchPassed():
            return line(f"{event.minutes:g} minutes of green passed", "status", "eye", "ok", key=True)
        case ApprovalAsked():
            if event.yes_needed == 0:
                return line(f"{who} looks: {event.title}", "commands", "play", detail=event.command)
            need = f", needs {event.yes_needed} people" if event.yes_needed > 1 else ""
            return line(f"{who} asks to run {event.title}{need}", "commands", "shield", "warn", detail=event.command)
        case ApprovalVoided(ask=ask):
            return line(f"Not run, {_asked(log, ask)}: {event.why}", "commands", "shield", "bad", key=True)
        case UndoKept():
            said = "Way back kept" if event.command else "No way back"
            return line(f"{said}: {event.what}", "commands", "left", detail=event.command, passing=not event.command)
        case ApprovalGiven(ask=ask):
            return line(f"{who} approved {_asked(log, ask)}", "commands", "shield", "ok", key=True)
        case ApprovalDenied(ask=ask):
            return line(f"{who} declined {_asked(log, ask)}: {event.reason}", "commands", "shield", "bad", key=True)
        case GlassBroken(ask=ask):
            return line(
                f"BREAK-GLASS: {who} ran {_asked(log, ask)} alone: {event.reason}",
                "commands",
                "shield",
                "bad",
                key=True,
            )
        case CommandStarted(run=run):
            ended = any(isinstance(later, CommandFinished) and later.run == run for later in log[seq:])
            passing = ended or event.purpose in LOOKS
            return line(f"{event.title} started", "commands", "play", detail=event.command, passing=passing)
        case CommandFinished():
            begun = next((e for e in log if isinstance(e, CommandStarted) and e.run == event.run), None)
            title = begun.title if begun else event.run
            ended = event.ending in {"ok", "failed"} and event.exit_code is not None
            exit_ = f"exit {event.exit_code}" if ended else event.ending  # 137 tells nobody that time was up
            return line(
                f"{title}: {exit_}, {event.seconds:.1f} s",
                "commands",
                "term",
                "" if event.ending == "ok" else "bad",
                detail=event.summary,
                evidence=event.evidence,
                passing=begun is not None and begun.purpose in LOOKS,
            )
        case OutcomeHeard():
            said, tone = heard(event), "" if event.ending == "ok" else "bad"
            title = next((e.title for e in log if isinstance(e, CommandStarted) and e.run == event.run), event.run)
            return line(
                f"{title}: {said}", "commands", "term", tone, key=True, detail=event.summary, evidence=event.evidence
            )
        case CancellationAsked(run=run):
            title = next((e.title for e in log if isinstance(e, CommandStarted) and e.run == run), run)
            return line(f"{who} cancels {title}: {event.reason}", "commands", "flag", "warn", key=True)
        case FileAttached():
            said = f"{who} attached {event.name}, {large(event.size)}"
            return line(said, "people", "doc", detail=event.note, evidence=event.evidence)
        case StepSkipped():
            return line(f"{event.title} skipped: {event.reason}", "commands", "dash")
        case DeliveryBegun():
            vendor = VENDORS.get(event.vendor, event.vendor)
            return line(f"{vendor}: {event.what.lower()}: begun", "deliveries", "chat", passing=True)
        case DeliveryMade():
            return line(
                f"{VENDORS.get(event.vendor, event.vendor)}: {event.what.lower()}: done",
                "deliveries",
                "chat",
                "ok",
                detail=event.note or "",
                evidence=event.evidence or None,
            )
        case DeliveryAskedAgain():
            vendor = VENDORS.get(event.vendor, event.vendor)
            return line(f"{who} asks {vendor} once more ({event.what.lower()})", "deliveries", "chat")
        case DeliveredByHand():
            vendor = VENDORS.get(event.vendor, event.vendor)
            return line(f"{vendor}: {event.what.lower()}: {who} did it by hand", "deliveries", "chat", "ok", key=True)
        case DeliveryDelayed():
            vendor = VENDORS.get(event.vendor, event.vendor)
            return line(
                f"{vendor} did not take it ({event.what.lower()}), try {event.attempt}",
                "deliveries",
                "chat",
                "warn",
                detail=event.reason,
            )
        case DeliveryGivenUp():
            tone = "bad" if event.needed else ""
            said = "not delivered" if event.needed else "no longer needed"
            return line(
                f"{VENDORS.get(event.vendor, event.vendor)}: {event.what.lower()}: {said}",
                "deliveries",
                "chat",
                tone,
                detail=event.reason,
            )
        case PeopleAsked(people=people):
            by = ", then ".join
            whom = "; ".join(f"{one.who}, {one.why}, by {by(way.channel for way in one.reaches)}" for one in people)
            again = f", for the {event.round}. time" if event.round > 1 else ""
            said = f"{who} asks {' and '.join(one.who for one in people)} to take it{again}"
            left_out = f". Not asked: {'; '.join(event.passed_over)}" if event.passed_over else ""
            detail = f"{whom}{left_out}. The next ones are asked at {event.next_at:%H:%M:%S}, unless somebody has it."
            return line(said, "deliveries", "bell", "warn", key=True, detail=detail)
        case EscalationEnded():
            said = "Nobody has it, and nobody else will be asked: call by phone"
            return line(said, "deliveries", "bell", "bad", key=True, detail=event.why)
        case PublicUpdateDrafted():
            said = f"{who} drafted public update {event.update}: {event.status}, {event.title}"
            return line(said, "people", "doc", detail=event.text)
        case PublicUpdateApproved():
            meant = f"Meant: {'; '.join(event.despite)}" if event.despite else ""
            return line(f"{who} approved public update {event.update}", "people", "check", "ok", key=True, detail=meant)
        case PublicUpdateWithdrawn():
            return line(f"{who} withdrew public update {event.update}: {event.reason}", "people", "dash")
        case WalkEnded():
            return line(event.why, "commands", "book")
        case ReviewDrafted():
            return line(
                f"Review drafted from the log, due {event.due_at:%d %b %H:%M}",
                "status",
                "doc",
                evidence=event.evidence,
            )


def _elsewhere(event: After | Roomed | Told | Looked | Privately | Liaised | Ticked, who: str, log: Log) -> Words:
    """The sentences that stand in files of their own."""
    if isinstance(event, After):
        return aftermath(event, who, log)
    if isinstance(event, Roomed):
        return roomed(event, who)
    if isinstance(event, Privately):
        return privately(event, who)
    if isinstance(event, Liaised):
        return liaised(event, who)
    if isinstance(event, Ticked):
        return ticked(event, who)
    return words(event, who, log) if isinstance(event, Told) else looked(event, who, log)


def _whys(event: IncidentDeclared) -> tuple[str | None, ...]:
    """Why it has this severity and runbook, where it comes from, and why nobody is paged for it yet."""
    split = event.split_from and f"Split from INC-{event.split_from.number}: {event.split_from.why}"
    earlier = event.earlier and f"The same alert was part of INC-{event.earlier}, which is resolved"
    hold = event.hold and f"Its page is held until {event.hold.until:%H:%M:%S}: {event.hold.why}"
    return (event.severity_why, event.match_why, split or None, earlier or None, hold or None)


def _asked(log: Log, number: int) -> str:
    return approval.find(log, number).asked.title


def _gate(log: Log, key: str) -> str:
    return next((spec.text for spec in fold(0, log).declared.gates if spec.key == key), key)
