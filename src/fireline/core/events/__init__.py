"""Everything that can happen to an incident. The log of these is the truth; all else is read from it.

Events live for ever: never rename or remove one, add fields only with a default. Each says when (`at`,
UTC) and who (`by`, a person's handle, or `HOUSE` when fireline did it by itself).
"""

from __future__ import annotations

import msgspec

from fireline.core.events.access import AccessGiven, AccessTaken, MadeOpen, MadePrivate
from fireline.core.events.afterwards import (
    BranchProposed,
    Change,
    ChecksRead,
    DebtDue,
    DebtOwned,
    DebtSettled,
    DebtTaken,
    LeaseBegan,
    LeaseEnded,
    MitigationMeasured,
    Reading,
    Source,
    Temporary,
)
from fireline.core.events.alerts import (
    AlertCleared,
    AlertFlaps,
    AlertJoined,
    AlertsCleared,
    AlertSilent,
    AlertsJoined,
    AlertsMoved,
    Begun,
    Ended,
    IncidentMerged,
    IncidentTakenIn,
    StormBegan,
)
from fireline.core.events.changes import ApprovalVoided, UndoKept
from fireline.core.events.checklists import ChecklistTicked, ChecklistUnticked
from fireline.core.events.commands import (
    ApprovalAsked,
    ApprovalDenied,
    ApprovalGiven,
    CommandFinished,
    CommandStarted,
    GlassBroken,
    Revert,
    StepSkipped,
    WalkEnded,
)
from fireline.core.events.course import (
    AcknowledgementMissed,
    GateOverridden,
    GateSpec,
    GateTicked,
    IncidentAcknowledged,
    IncidentDeclared,
    NoteAdded,
    PageHold,
    Part,
    ReviewDrafted,
    RootCauseStated,
    RunbookRef,
    SeverityChanged,
    StatusChanged,
    WatchPassed,
)
from fireline.core.events.deliveries import (
    DeliveredByHand,
    DeliveryAskedAgain,
    DeliveryBegun,
    DeliveryDelayed,
    DeliveryGivenUp,
    DeliveryMade,
    PageReleased,
)
from fireline.core.events.event import (
    HOUSE,
    Ending,
    Event,
    Purpose,
    Status,
)
from fireline.core.events.evidence import CancellationAsked, FileAttached
from fireline.core.events.hypotheses import (
    GraphsKept,
    HypothesisProposed,
    HypothesisRuledOut,
    HypothesisSupported,
)
from fireline.core.events.letters import (
    LetterApproved,
    LetterDrafted,
    LetterSent,
    LetterSentAgain,
    LetterTested,
    LetterWithdrawn,
)
from fireline.core.events.liaison import DecisionMade, Dissent, SummaryNudged, SummarySent
from fireline.core.events.on_call import Asked, EscalationEnded, PeopleAsked, Reach
from fireline.core.events.public import (
    Impact,
    PublicUpdateApproved,
    PublicUpdateDrafted,
    PublicUpdateWithdrawn,
    State,
)
from fireline.core.events.pulse import PulseChanged, PulseState
from fireline.core.events.roles import (
    CommanderMissing,
    RoleDeclined,
    RoleName,
    RoleOffered,
    RoleReleased,
    RoleTaken,
    TaskDone,
    TaskGiven,
    TaskOverdue,
    TaskTaken,
)
from fireline.core.events.room import CallLinked, RoomKept
from fireline.core.events.runners import OutcomeHeard
from fireline.core.events.terminals import TerminalHandedOut
from fireline.core.events.updates import (
    Audience,
    Cadence,
    UpdateEscalated,
    UpdateNudged,
    UpdateOverdue,
    UpdateSent,
    UpdateSnoozed,
)

__all__ = [
    "HOUSE",
    "AccessGiven",
    "AccessTaken",
    "AcknowledgementMissed",
    "AlertCleared",
    "AlertFlaps",
    "AlertJoined",
    "AlertSilent",
    "AlertsCleared",
    "AlertsJoined",
    "AlertsMoved",
    "AnyEvent",
    "ApprovalAsked",
    "ApprovalDenied",
    "ApprovalGiven",
    "ApprovalVoided",
    "Asked",
    "Audience",
    "Begun",
    "BranchProposed",
    "Cadence",
    "CallLinked",
    "CancellationAsked",
    "Change",
    "ChecklistTicked",
    "ChecklistUnticked",
    "ChecksRead",
    "CommandFinished",
    "CommandStarted",
    "CommanderMissing",
    "DebtDue",
    "DebtOwned",
    "DebtSettled",
    "DebtTaken",
    "DecisionMade",
    "DeliveredByHand",
    "DeliveryAskedAgain",
    "DeliveryBegun",
    "DeliveryDelayed",
    "DeliveryGivenUp",
    "DeliveryMade",
    "Dissent",
    "Ended",
    "Ending",
    "EscalationEnded",
    "Event",
    "FileAttached",
    "GateOverridden",
    "GateSpec",
    "GateTicked",
    "GlassBroken",
    "GraphsKept",
    "HypothesisProposed",
    "HypothesisRuledOut",
    "HypothesisSupported",
    "Impact",
    "IncidentAcknowledged",
    "IncidentDeclared",
    "IncidentMerged",
    "IncidentTakenIn",
    "LeaseBegan",
    "LeaseEnded",
    "LetterApproved",
    "LetterDrafted",
    "LetterSent",
    "LetterSentAgain",
    "LetterTested",
    "LetterWithdrawn",
    "Log",
    "MadeOpen",
    "MadePrivate",
    "MitigationMeasured",
    "NoteAdded",
    "OutcomeHeard",
    "PageHold",
    "PageReleased",
    "Part",
    "PeopleAsked",
    "PublicUpdateApproved",
    "PublicUpdateDrafted",
    "PublicUpdateWithdrawn",
    "PulseChanged",
    "PulseState",
    "Purpose",
    "Reach",
    "Reading",
    "Revert",
    "ReviewDrafted",
    "RoleDeclined",
    "RoleName",
    "RoleOffered",
    "RoleReleased",
    "RoleTaken",
    "RoomKept",
    "RootCauseStated",
    "RunbookRef",
    "SeverityChanged",
    "Source",
    "State",
    "Status",
    "StatusChanged",
    "StepSkipped",
    "StormBegan",
    "SummaryNudged",
    "SummarySent",
    "TaskDone",
    "TaskGiven",
    "TaskOverdue",
    "TaskTaken",
    "Temporary",
    "TerminalHandedOut",
    "UndoKept",
    "UpdateEscalated",
    "UpdateNudged",
    "UpdateOverdue",
    "UpdateSent",
    "UpdateSnoozed",
    "WalkEnded",
    "WatchPassed",
    "from_json",
    "to_json",
]

AnyEvent = (
    IncidentDeclared | AlertJoined | AlertCleared | AlertsJoined | AlertsCleared | AlertSilent | AlertFlaps
    | StormBegan | PageReleased | IncidentMerged | IncidentTakenIn | AlertsMoved | IncidentAcknowledged
    | AcknowledgementMissed | SeverityChanged | StatusChanged | NoteAdded | RootCauseStated | GateTicked
    | GateOverridden | WatchPassed | ApprovalAsked | ApprovalGiven | ApprovalDenied | GlassBroken
    | ApprovalVoided | UndoKept
    | CommandStarted | CommandFinished | StepSkipped | DeliveryMade | DeliveryDelayed | DeliveryGivenUp
    | DeliveryAskedAgain | DeliveredByHand | PeopleAsked | EscalationEnded | WalkEnded | ReviewDrafted
    | PublicUpdateDrafted | PublicUpdateApproved | PublicUpdateWithdrawn
    | LetterDrafted | LetterTested | LetterApproved | LetterWithdrawn | LetterSentAgain | LetterSent
    | UpdateSent | UpdateNudged | UpdateOverdue | UpdateEscalated | UpdateSnoozed | RoleOffered | RoleTaken
    | HypothesisProposed | HypothesisSupported | HypothesisRuledOut | GraphsKept | PulseChanged
    | BranchProposed
    | ChecksRead | MitigationMeasured | DebtTaken | DebtDue | DebtOwned | DebtSettled | LeaseBegan | LeaseEnded
    | RoleDeclined | RoleReleased | CommanderMissing | TaskGiven | TaskTaken | TaskDone | TaskOverdue
    | CancellationAsked | FileAttached
    | CallLinked | RoomKept | DeliveryBegun | OutcomeHeard
    | MadePrivate | MadeOpen | AccessGiven | AccessTaken
    | DecisionMade | SummarySent | SummaryNudged | TerminalHandedOut
    | ChecklistTicked | ChecklistUnticked
)  # fmt: skip
Log = tuple[AnyEvent, ...]

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def to_json(event: AnyEvent) -> bytes:
    """The event's bytes as they are hashed and kept: JSON, the same event always the same bytes."""
    return _encoder.encode(event)


def from_json(body: bytes | str) -> AnyEvent:
    """The event back. Fields it does not know (of a newer release) are left aside."""
    return _decoder.decode(body)
