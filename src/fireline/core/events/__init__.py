"""Everything that can happen to an incident. The log of these is the truth; all else is read from it.

Events live for ever: never rename or remove one, add fields only with a default. Each says when (`at`,
UTC) and who (`by`, a person's handle, or `HOUSE` when fireline did it by itself).
"""

from __future__ import annotations

import msgspec

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
from fireline.core.events.commands import (
    ApprovalAsked,
    ApprovalDenied,
    ApprovalGiven,
    CommandFinished,
    CommandStarted,
    GlassBroken,
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
from fireline.core.events.on_call import Asked, EscalationEnded, PeopleAsked, Reach
from fireline.core.events.public import (
    Impact,
    PublicUpdateApproved,
    PublicUpdateDrafted,
    PublicUpdateWithdrawn,
    State,
)
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
    "Asked",
    "Audience",
    "Begun",
    "Cadence",
    "CommandFinished",
    "CommandStarted",
    "CommanderMissing",
    "DeliveredByHand",
    "DeliveryAskedAgain",
    "DeliveryDelayed",
    "DeliveryGivenUp",
    "DeliveryMade",
    "Ended",
    "Ending",
    "EscalationEnded",
    "Event",
    "GateOverridden",
    "GateSpec",
    "GateTicked",
    "GlassBroken",
    "Impact",
    "IncidentAcknowledged",
    "IncidentDeclared",
    "IncidentMerged",
    "IncidentTakenIn",
    "Log",
    "NoteAdded",
    "PageHold",
    "PageReleased",
    "Part",
    "PeopleAsked",
    "PublicUpdateApproved",
    "PublicUpdateDrafted",
    "PublicUpdateWithdrawn",
    "Purpose",
    "Reach",
    "ReviewDrafted",
    "RoleDeclined",
    "RoleName",
    "RoleOffered",
    "RoleReleased",
    "RoleTaken",
    "RootCauseStated",
    "RunbookRef",
    "SeverityChanged",
    "State",
    "Status",
    "StatusChanged",
    "StepSkipped",
    "StormBegan",
    "TaskDone",
    "TaskGiven",
    "TaskOverdue",
    "TaskTaken",
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
    | CommandStarted | CommandFinished | StepSkipped | DeliveryMade | DeliveryDelayed | DeliveryGivenUp
    | DeliveryAskedAgain | DeliveredByHand | PeopleAsked | EscalationEnded | WalkEnded | ReviewDrafted
    | PublicUpdateDrafted | PublicUpdateApproved | PublicUpdateWithdrawn
    | UpdateSent | UpdateNudged | UpdateOverdue | UpdateEscalated | UpdateSnoozed | RoleOffered | RoleTaken
    | RoleDeclined | RoleReleased | CommanderMissing | TaskGiven | TaskTaken | TaskDone | TaskOverdue
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
