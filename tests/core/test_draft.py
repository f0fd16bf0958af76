"""What is said outside is true, filled in and ours to say: the check finds everything else before a person says yes."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fireline.core import draft
from fireline.core.draft import Finding, Inside, lint
from fireline.core.events import HOUSE, AlertJoined, IncidentDeclared, Log
from fireline.core.incident import STATUSES, fold
from fireline.core.runbook import parse
from fireline.shell import parse as shell

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NOTHING = Inside()
CREW = Inside(
    people=("ana", "Ana Lindqvist", "ben", "Ben Okafor"), places=("db01", "payments-primary"), words=("Kraken",)
)

PAGE = """\
# Runbook

## Communicate

**Status Page:**

```markdown
**Investigating** (HH:MM UTC)
We are looking into slow pages.

**Identified** (HH:MM UTC)
It comes from [what it is].

**Monitoring** (HH:MM UTC)
A fix is in.

**Resolved** (HH:MM UTC)
It is over.
```
"""


def kinds(text: str, known: Inside = NOTHING) -> list[str]:
    return [one.kind for one in lint(text, known)]


@pytest.mark.req(86, 87, 88, 89)
def test_the_four_templates_are_the_runbooks_own() -> None:
    book = parse(PAGE, path="page.md", shell=shell)
    assert [draft.words(book.templates, status) for status in STATUSES] == [
        "We are looking into slow pages.", "It comes from [what it is].", "A fix is in.", "It is over.",
    ]  # fmt: skip


@pytest.mark.req(86, 87, 88, 89)
def test_the_templates_of_the_teams_runbook_come_out_as_they_stand_there(shared: Path) -> None:
    source = (shared / "seed" / "incident-response-runbook.md").read_bytes()
    book = parse(source, path="seed.md", shell=shell)
    at = NOON.replace(hour=14, minute=5)
    written = source.decode("utf-8", "replace").splitlines()
    for status in STATUSES:
        whole = draft.whole(status, draft.words(book.templates, status), at)
        place = written.index(next(line for line in written if line.startswith(f"**{status}** (HH:MM")))
        assert whole.splitlines()[0] == written[place].replace("HH:MM", "14:05").rstrip()
        assert whole.splitlines()[1].rstrip() == written[place + 1].rstrip()
        # each can be published once its blanks are filled, and nothing else in it is a reason to stop
        assert {one.kind for one in lint(whole, NOTHING)} <= {"blank"}


@pytest.mark.req(86)
@given(st.integers(-14 * 60, 14 * 60), st.datetimes(timezones=st.just(UTC)))
def test_the_time_is_utc_whatever_zone_it_comes_in(minutes: int, at: datetime) -> None:
    assume(datetime(2, 1, 1, tzinfo=UTC) < at < datetime(9998, 1, 1, tzinfo=UTC))
    there = at.astimezone(timezone(timedelta(minutes=minutes)))
    assert draft.head("Monitoring", there) == f"**Monitoring** ({at:%H:%M} UTC)"


def test_a_runbook_without_such_words_gets_words_that_promise_nothing() -> None:
    for status in STATUSES:
        assert {one.kind for one in lint(draft.words((), status), NOTHING)} <= {"blank"}


@pytest.mark.req(87)
@pytest.mark.parametrize(
    "blank",
    ["[brief technical description]", "<what>", "{service}", "{{ service }}", "HH:MM", "update #X", "X users", "XX",
     "____", "TODO", "TBD", "«time»"],
)  # fmt: skip
def test_a_blank_that_nobody_filled_stops_the_draft(blank: str) -> None:
    found = lint(f"The issue is {blank} and we are on it.", NOTHING)
    assert found[0].stops
    assert found[0].kind == "blank"


def test_the_text_of_a_link_is_no_blank() -> None:
    assert kinds("Read [our guide](https://status.example.com/guide).", Inside(ours=("status.example.com",))) == []


@pytest.mark.req(93)
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("db01 ran out of memory", "address"),
        ("The host redis.prod.internal is back", "address"),
        ("We moved 10.0.3.7 away", "address"),
        ("fd00:1:2::7 is unreachable", "address"),
        ("Restarted checkout-7d9f8b6c5d-x2x4z", "address"),
        ("See https://grafana.corp/d/1", "address"),
        ("cache:6379 refuses connections", "address"),
        ("The disk under /var/lib/postgresql is full", "address"),
        ("payments-primary failed over", "address"),
        ("Write to oncall@example.com", "mail"),
        ("Ben Okafor is on it", "person"),
        ("Lindqvist found it", "person"),
        ("ana restarted it", "person"),
        ("This is INC-142", "inside"),
        ("A P1 incident", "inside"),
        ("Follow the runbook", "inside"),
        ("Redis went down", "inside"),
        ("The kraken service", "inside"),
        ("password=hunter2hunter2", "secret"),
        ("We are on\u200bit", "unseen"),
    ],
)
def test_what_is_ours_alone_is_found(text: str, kind: str) -> None:
    assert kind in kinds(text, CREW)


@pytest.mark.req(93)
@pytest.mark.parametrize(
    "text",
    [
        "It will be fixed in 20 minutes.",
        "We expect to be back by 15:00 UTC.",
        "Service should be restored within the hour, an hour at most.",
        "We'll have this resolved shortly.",
        "ETA 20 minutes.",
        "This will never happen again.",
        "We will fix it in ten minutes and post an update.",
    ],
)
def test_a_promise_of_a_time_is_found(text: str) -> None:
    assert kinds(text) == ["promise"]


@pytest.mark.parametrize(
    "text",
    [
        "We'll provide an update in 15 minutes.",
        "We will post an update here by 15:00 UTC.",
        "Between 14:05 and 14:40 UTC some payments failed, e.g. those by card.",
        "A fix has been implemented. We are monitoring the situation.",
        "All services are operating normally.",
    ],
)
def test_the_next_update_may_have_a_time_and_the_past_too(text: str) -> None:
    assert lint(text, CREW) == ()


def test_will_may_be_a_word_and_is_a_name_where_it_is_written_so() -> None:
    will = Inside(people=("Will Hunter",))
    assert kinds("We will write again.", will) == []
    assert kinds("Ask Will.", will) == ["person"]


NAMES = st.text(string.ascii_lowercase, min_size=4, max_size=12)
HOSTS = st.one_of(
    st.builds(lambda a, n: f"{a}{n:02}", NAMES, st.integers(0, 99)),
    st.builds(lambda a, b: f"{a}.{b}.internal", NAMES, NAMES),
    st.builds(lambda a, n: f"{a}-{n}", NAMES, st.integers(0, 9)),
    st.ip_addresses().map(str),
    st.builds(lambda a, n: f"{a}:{n}", NAMES, st.integers(1024, 65535)),
)
BEFORE = st.sampled_from(["We are looking into", "Some people could not use", "A fix is in place for", ""])
AFTER = st.sampled_from(["and are on it.", ".", ", as of 14:05 UTC.", "\nWe write again in 15 minutes."])


@pytest.mark.req(93)
@given(BEFORE, HOSTS, AFTER)
def test_no_host_gets_out_unseen(before: str, host: str, after: str) -> None:
    assert "address" in kinds(f"{before} {host} {after}")


@pytest.mark.req(93)
@given(BEFORE, NAMES, NAMES, NAMES, AFTER)
def test_nobody_and_nothing_known_gets_out_unseen(before: str, first: str, last: str, pod: str, after: str) -> None:
    name = f"{first.title()} {last.title()}"
    known = Inside(people=(name,), places=(pod,))
    for said in (name, name.upper(), first.title(), last.title(), pod, pod.upper()):
        found = lint(f"{before} {said} {after}", known)
        assert {"person", "address"} & {one.kind for one in found}, said


@pytest.mark.req(93)
@given(st.emails(domains=st.just("example.com")))
def test_no_address_of_anybody_gets_out_unseen(mail: str) -> None:
    found = lint(f"Write to {mail} for more.", NOTHING)
    assert any(one.kind in {"mail", "blank"} for one in found)


@given(st.text(max_size=300))
def test_any_text_can_be_checked(text: str) -> None:
    found = lint(text, CREW)
    assert all(one.said for one in found)
    assert list(found) == sorted(found, key=lambda one: not one.stops)


def test_each_thing_is_told_once() -> None:
    assert lint("db01 and db01 and db01", NOTHING) == (Finding("address", "db01"),)


@pytest.mark.req(93)
def test_what_the_incident_is_about_inside_is_known_by_its_alerts_but_not_the_public_names() -> None:
    log: Log = (
        IncidentDeclared(
            at=NOON, by=HOUSE, title="t", severity="P1", severity_name="High", severity_why="", response_minutes=15,
            detected_at=NOON, service="checkout", values={"instance": "shard-lima:9187", "severity": "critical"},
        ),
        AlertJoined(
            at=NOON, by=HOUSE, fingerprint="f", name="ShardFull", source="probe", starts_at=NOON, why="",
            labels={"namespace": "shop-eu", "exported_pod": "lima"},
        ),
    )  # fmt: skip
    found = draft.inside(log, fold(1, log), people=["ana"], public=["Checkout and payments"])
    assert found.places == ("ShardFull", "lima", "shard-lima", "shard-lima:9187", "shop-eu")


def test_the_next_status_is_where_the_incident_stands() -> None:
    assert draft.next_status(None, "Investigating") == "Investigating"
    assert draft.next_status("Investigating", "Monitoring") == "Monitoring"
    assert draft.next_status("Monitoring", "Monitoring") == "Resolved"
    assert draft.next_status("Resolved", "Resolved") == "Resolved"
