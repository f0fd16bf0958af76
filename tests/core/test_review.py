"""The review is the runbook's own template filled from the log; what the log does not know stays unknown."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from fireline.core import review
from fireline.core.events import (
    HOUSE,
    AlertJoined,
    ApprovalAsked,
    ApprovalGiven,
    CommandFinished,
    CommandStarted,
    GateOverridden,
    GateSpec,
    GlassBroken,
    IncidentAcknowledged,
    IncidentDeclared,
    Log,
    NoteAdded,
    RootCauseStated,
    RunbookRef,
    SeverityChanged,
    StatusChanged,
    StepSkipped,
)
from fireline.core.refusal import Refused
from fireline.core.review import UNKNOWN

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TEMPLATE = """\
# Post-Mortem: [Incident Title]

**Date:** YYYY-MM-DD

## Summary
[Brief description]

## Impact
- **Duration:** X hours Y minutes
- **Readers Affected:** N readers
- **Services Concerned:** List
- **Orders Lost:** $X (estimated)

## Timeline
- HH:MM - Trouble began
- HH:MM - First alert
- HH:MM - Incident declared
- HH:MM - First mitigation
- HH:MM - Shop restored
- HH:MM - Incident resolved
- HH:MM - Last customer told

## Root Cause
[Explanation]

### Contributing Factors
- Factor

## Resolution
## What Went Well
## What Didn't Go Well
## Action Items
| What | Who | Until | Status |
|------|-----|-------|--------|
| Sample | @who | YYYY-MM-DD | Done |

## Notes for the Next Time
"""
DECLARED = IncidentDeclared(
    at=NOON,
    by=HOUSE,
    title="Redis is down",
    severity="P1",
    severity_name="High",
    severity_why="",
    response_minutes=15,
    detected_at=NOON - 2 * MINUTE,
    service="cache",
    scenario="Redis Down",
    match_why="the alert is named there",
    runbook=RunbookRef(path="runbook.md", title="Incident Response", digest="abcdef0123456789"),
    gates=(GateSpec(key="g1", text="Fix verified", kind="verified"),),
)
FIRES = AlertJoined(
    at=NOON + MINUTE,
    by=HOUSE,
    fingerprint="f1",
    name="RedisDown",
    source="alertmanager",
    starts_at=NOON - 2 * MINUTE,
    why="",
)
ACK = IncidentAcknowledged(at=NOON + 3 * MINUTE, by="ana")
ASKED = ApprovalAsked(
    at=NOON + 4 * MINUTE,
    by="ana",
    ask=1,
    step="s1",
    title="Restart Redis",
    command="supervisorctl restart redis",
    effect="write",
    rule="",
    reason="down",
)
YES = ApprovalGiven(at=NOON + 5 * MINUTE, by="ben", ask=1, digest="d" * 64)


def started(run: str, purpose: str, at: datetime, ask: int | None = None) -> CommandStarted:
    return CommandStarted(
        at=at,
        by=HOUSE,
        run=run,
        step=run,
        title="Restart Redis" if ask else "Ping",
        command="supervisorctl restart redis" if ask else "redis-cli ping",
        digest="d" * 64,
        effect="write" if ask else "read",
        rule="",
        lane="write" if ask else "read",
        purpose=purpose,  # type: ignore[arg-type]
        ask=ask,
    )


def ended(run: str, at: datetime) -> CommandFinished:
    return CommandFinished(at=at, by=HOUSE, run=run, ending="ok", exit_code=0, seconds=1.5, evidence="e" * 64, size=3)


LOG: Log = (
    DECLARED,
    FIRES,
    started("look", "diagnosis", NOON + 2 * MINUTE),
    ended("look", NOON + 2 * MINUTE),
    ACK,
    ASKED,
    YES,
    started("fix", "mitigation", NOON + 6 * MINUTE, ask=1),
    ended("fix", NOON + 7 * MINUTE),
    started("check", "verification", NOON + 8 * MINUTE),
    ended("check", NOON + 8 * MINUTE),
    StatusChanged(at=NOON + 9 * MINUTE, by=HOUSE, status="Monitoring"),
    RootCauseStated(at=NOON + 20 * MINUTE, by="ana", text="The disk was full."),
    StatusChanged(at=NOON + 40 * MINUTE, by="ana", status="Resolved"),
)


def section(title: str, log: Log = LOG) -> str:
    after = review.draft(TEMPLATE, 7, log).split(f"# {title}\n", 1)[1]
    return re.split(r"^#", after, maxsplit=1, flags=re.MULTILINE)[0].strip()


def test_the_headings_are_the_templates_in_its_order() -> None:
    wanted = [line for line in TEMPLATE.splitlines() if line.startswith("#")]
    found = [line for line in review.draft(TEMPLATE, 7, LOG).splitlines() if line.startswith("#")]
    assert found == ["# Post-Mortem: INC-7 Redis is down", *wanted[1:]]


def test_the_templates_samples_are_not_what_happened() -> None:
    text = review.draft(TEMPLATE, 7, LOG)
    for sample in ("[Brief description]", "YYYY-MM-DD", "X hours Y minutes", "- Factor", "HH:MM"):
        assert sample not in text


def test_it_says_what_it_was_drafted_from() -> None:
    text = review.draft(TEMPLATE, 7, LOG)
    assert "Drafted by fireline from 14 logged events of INC-7." in text
    assert "Runbook “Incident Response” at abcdef012345. In command: ana from 12:03. Times are UTC." in text


@pytest.mark.req(122)
def test_the_duration_is_said_in_hours_and_minutes_from_began_to_restored() -> None:
    assert "- **Duration:** 0 hours 11 minutes (began to restored)" in section("Impact")
    later = StatusChanged(at=NOON + 123 * MINUTE, by=HOUSE, status="Monitoring")
    assert "- **Duration:** 2 hours 5 minutes (began to restored)" in section("Impact", (*LOG[:11], later))


@pytest.mark.req(122)
def test_a_duration_nobody_knows_is_unknown_and_none_is_negative() -> None:
    assert f"- **Duration:** {UNKNOWN}" in section("Impact", LOG[:11])
    early = StatusChanged(at=NOON - 5 * MINUTE, by=HOUSE, status="Monitoring")  # calm before the first alert
    assert f"- **Duration:** {UNKNOWN}" in section("Impact", (DECLARED, early, FIRES))


def test_the_impact_has_the_templates_own_bullets_and_what_nobody_counted_is_unknown() -> None:
    assert section("Impact").splitlines()[1:4] == [
        f"- **Readers Affected:** {UNKNOWN}",
        "- **Services Concerned:** cache",
        f"- **Orders Lost:** {UNKNOWN}",
    ]


def test_a_template_without_bullets_gets_the_usual_ones() -> None:
    text = review.draft("# Review: x\n\n## Impact\n\n## Timeline\n", 7, LOG)
    assert f"- **Users Affected:** {UNKNOWN}\n" in text
    assert "- 12:06 - Mitigation started\n" in text


def test_the_six_milestones_are_there() -> None:
    assert section("Timeline").splitlines()[:7] == [
        "- 11:58 - Trouble began",
        "- 12:01 - First alert",
        "- 12:00 - Incident declared",
        "- 12:06 - First mitigation",
        "- 12:09 - Shop restored",
        "- 12:40 - Incident resolved",
        f"- {UNKNOWN} - Last customer told",
    ]


def test_milestones_the_log_does_not_know_are_unknown() -> None:
    assert section("Timeline", (DECLARED,)).splitlines()[:6] == [
        f"- {UNKNOWN} - Trouble began",
        f"- {UNKNOWN} - First alert",
        "- 12:00 - Incident declared",
        f"- {UNKNOWN} - First mitigation",
        f"- {UNKNOWN} - Shop restored",
        f"- {UNKNOWN} - Incident resolved",
    ]


def test_everything_that_was_logged_is_told_with_its_evidence() -> None:
    rows = section("Timeline").split("Everything that was logged:\n\n")[1].splitlines()
    told_twice = sum(isinstance(event, CommandStarted) for event in LOG)  # a command that ended is told by its end
    assert len(rows) == len(LOG) - told_twice
    assert "- 12:07:00 - Restart Redis: exit 0, 1.5 s [evidence eeeeeeeeeeee]" in rows


@pytest.mark.req(42)
def test_what_was_told_afterwards_is_marked() -> None:
    told = NoteAdded(at=NOON + 50 * MINUTE, by="ben", text="deploy\nbegan", happened_at=NOON - 5 * MINUTE)
    assert "- 11:55:00 - deploy began (told at 12:50)" in section("Timeline", (*LOG, told))


def test_a_root_cause_is_stated_accepted_as_unknown_or_left_to_people() -> None:
    assert section("Root Cause") == "The disk was full."
    accepted = RootCauseStated(at=NOON, by="ana", text="the logs were gone", known=False)
    assert section("Root Cause", (DECLARED, accepted)) == "Unknown, accepted by ana: the logs were gone"
    assert section("Root Cause", (DECLARED,)) == review.FOR_PEOPLE


def test_the_resolution_names_the_commands_and_who_said_yes() -> None:
    text = section("Resolution")
    assert "- Restart Redis: `supervisorctl restart redis` (ok, 1.5 s; yes from ben)" in text
    assert "- Ping: `redis-cli ping` (ok, 1.5 s)" in text


@pytest.mark.req(108)
def test_a_gate_set_aside_is_printed_with_its_reason() -> None:
    aside = GateOverridden(at=NOON, by="ana", gate="g1", reason="no verification exists")
    assert "- Gate set aside by ana: no verification exists" in section("Resolution", (*LOG, aside))


def test_what_went_well_is_only_what_the_log_knows() -> None:
    text = section("What Went Well")
    assert "- ana acknowledged within the 15 min target." in text
    assert "- 1 diagnosis command of the runbook ran without anybody's help." in text
    assert "- Fix verified: verification passed." in text


def test_an_acknowledgement_is_judged_by_the_target_it_had() -> None:
    later = SeverityChanged(
        at=NOON + 10 * MINUTE, by="ana", severity="P0", severity_name="", response_minutes=5, reason="worse"
    )
    assert "within the 15 min target" in section("What Went Well", (*LOG[:11], later))
    late = (DECLARED, IncidentAcknowledged(at=NOON + 13 * MINUTE, by="ana"))  # 15 min after detection
    assert "acknowledged within" not in section("What Went Well", late)


def test_what_did_not_go_well_is_named() -> None:
    glass = GlassBroken(at=NOON, by="ana", ask=1, digest="d" * 64, reason="nobody else answered")
    skipped = StepSkipped(at=NOON, by=HOUSE, step="s2", title="Look at it", command="", reason="no pod given")
    text = section("What Didn't Go Well", (*LOG, glass, skipped))
    assert "- ana ran a command alone (break-glass): nobody else answered" in text
    assert "- Look at it could not run: no pod given" in text


def test_a_heading_nobody_knows_is_left_to_people() -> None:
    assert section("Contributing Factors") == review.FOR_PEOPLE
    assert section("Notes for the Next Time") == review.FOR_PEOPLE  # “Notes” is not “not”


def test_actions_wait_for_an_owner_and_a_date() -> None:
    assert section("Action Items").splitlines()[2] == f"| {UNKNOWN} | {UNKNOWN} | {UNKNOWN} | Todo |"


def test_a_drill_is_said_to_be_one() -> None:
    drill = IncidentDeclared(
        at=NOON,
        by="ana",
        title="Practice",
        severity="P3",
        severity_name="Low",
        severity_why="",
        response_minutes=240,
        detected_at=NOON,
        drill=True,
    )
    assert "This was a drill." in review.draft(review.TEMPLATE, 1, (drill,))


def test_only_what_is_over_gets_its_draft_kept() -> None:
    with pytest.raises(Refused, match="not resolved"):
        review.drafted((DECLARED,), NOON, evidence="e" * 64, due_at=NOON, by=HOUSE)
    assert review.drafted(LOG, NOON, evidence="e" * 64, due_at=NOON, by=HOUSE).evidence == "e" * 64
