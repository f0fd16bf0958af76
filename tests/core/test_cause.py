"""The right suspect stands first where the evidence is clear, and where it is not, the answer is "not sure"."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fireline.core.cause import Clue, Facts, Failing, clues, suspects
from fireline.core.deploy import Deploy
from fireline.core.series import Moved

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def deploy(service: str, ago: timedelta, title: str = "Carts", **more: Any) -> Deploy:
    key = f"{service}:{ago}:{title}"
    return Deploy(key=key, at=NOON - ago, source="github", service=service, title=title, **{"kind": "deploy"} | more)


def rose(kind: Any, before: float, peak: float, ago: float) -> Moved:
    at = NOON - minutes(ago)
    return Moved(name=kind, unit="", kind=kind, at=at, before=before, peak=peak, up=True)


FACTS = Facts(began=NOON, service="checkout", about="Nobody can pay: 5xx at the till", depends_on=("payments", "db"))
RELEASE = deploy("checkout", minutes(12), "Round the total up")
# Each is a night as people told it afterwards: what was known, and what it was.
NIGHTS: tuple[tuple[str, Facts, str], ...] = (
    ("a release minutes before", replace(FACTS, changes=(RELEASE, deploy("search", minutes(3)))), "Round the total up"),
    ("a release hours before", replace(FACTS, changes=(deploy("checkout", minutes(300), "New tax rules"),)), "New tax"),
    (
        "the service it depends on was released",
        replace(FACTS, changes=(deploy("payments", minutes(8), "New provider"), deploy("search", minutes(4)))),
        "New provider",
    ),
    (
        "a sale began",
        replace(FACTS, moved=(rose("traffic", 40, 400, 9), rose("cpu", 1, 8, 8), rose("errors", 0.1, 12, 2))),
        "traffic",
    ),
    (
        "memory filled for half an hour",
        replace(
            FACTS, moved=(rose("memory", 300, 1900, 28), rose("errors", 0.1, 4, 1)),
            clues=(Clue("checkout-7 was OOMKilled, exit code 137", "1.pods"),),
            changes=(deploy("search", minutes(400)),),
        ),
        "Memory",
    ),
    (
        "the connections ran out",
        replace(
            FACTS,
            clues=(Clue("FATAL: sorry, too many clients already", "1.db"), Clue("23 idle in transaction", "1.db")),
        ),
        "database",
    ),
    (
        "the payment provider was down first",
        replace(FACTS, failing=(Failing("payments", "Payments answers 503.", NOON - minutes(6)),)),
        "payments",
    ),
    (
        "nothing changed near it, but an old release is known",
        replace(FACTS, changes=(deploy("checkout", timedelta(days=5)),), clues=(Clue("No space left on device"),)),
        "disk",
    ),
)  # fmt: skip


@pytest.mark.req(62)
@pytest.mark.parametrize(("facts", "cause"), [night[1:] for night in NIGHTS], ids=[night[0] for night in NIGHTS])
def test_the_cause_of_each_night_stands_first_and_stands_out(facts: Facts, cause: str) -> None:
    found = suspects(facts)
    assert found.sure, found
    assert cause.lower() in found.all[0].title.lower()
    assert all(reason.endswith((".", "…")) for one in found.all for reason in one.reasons)


@pytest.mark.req(62)
def test_nothing_known_and_two_that_are_alike_are_not_sure() -> None:
    assert suspects(FACTS).says.startswith("Not sure: nothing changed")
    twins = (deploy("checkout", minutes(5), "One"), deploy("checkout", minutes(6), "Other"))
    found = suspects(replace(FACTS, changes=twins))
    assert not found.sure
    assert "One" in found.says
    assert "Other" in found.says
    far = suspects(replace(FACTS, changes=(deploy("search", timedelta(days=3)),)))
    assert (far.sure, far.says.startswith("Not sure. Nearest:")) == (False, True)


@pytest.mark.req(45, 126)
def test_of_changes_that_are_alike_the_newest_before_the_beginning_goes_first_however_wide_the_window() -> None:
    ages = [timedelta(minutes=50), timedelta(minutes=20), timedelta(hours=20), timedelta(days=6), -timedelta(minutes=1)]
    found = suspects(replace(FACTS, changes=tuple(deploy("checkout", age, str(age)) for age in ages)))
    titles = [one.title.partition(": ")[2] for one in found.all]
    assert titles == ["0:20:00", "0:50:00", "20:00:00", "6 days, 0:00:00"]  # and none that came after
    assert "within seven days" in found.all[-1].reasons[0]


def test_a_push_and_a_deployment_of_one_commit_are_one_suspect() -> None:
    both = (deploy("checkout", minutes(5), sha="a" * 40), deploy("checkout", minutes(7), kind="push", sha="a" * 40))
    assert len(suspects(replace(FACTS, changes=both)).all) == 1


def test_what_began_long_after_may_be_an_effect_and_counts_less() -> None:
    late = Failing("payments", "Payments is slow.", NOON + minutes(30))
    [one] = suspects(replace(FACTS, failing=(late,))).all
    assert one.score < 0.6
    assert "may be an effect" in one.reasons[-1]


def test_the_service_itself_is_no_suspect_of_its_own() -> None:
    assert suspects(replace(FACTS, failing=(Failing("Checkout", "w", NOON),))).all == ()


def test_only_sentences_that_speak_of_something_are_clues_each_once() -> None:
    said = [("all well\nFATAL: remaining connection slots are reserved", "1.a"), ("all well", "1.b")] * 2
    assert clues(said) == (Clue("FATAL: remaining connection slots are reserved", "1.a"),)
