"""What changed before an incident began: of its service first, a wider look back only where nothing nearer is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fireline.core.deploy import WINDOWS, Deploy, before

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def deploy(service: str, ago: timedelta) -> Deploy:
    key = f"{service}:{ago}"
    return Deploy(key=key, at=NOON - ago, kind="push", source="github", service=service)


def test_the_nearest_window_with_a_change_of_the_service_is_shown_with_what_else_changed_in_it() -> None:
    mine, older, other = deploy("till", 2 * HOUR), deploy("till", 5 * HOUR), deploy("shop", HOUR / 2)
    found = before([older, other, mine, deploy("shop", 7 * HOUR)], NOON, "Till")
    assert (found.window, found.mine, found.others) == (WINDOWS[1], (mine, older), (other,))


def test_without_one_of_the_service_the_nearest_others_are_shown() -> None:
    other = deploy("shop", HOUR / 2)
    found = before([other, deploy("shop", 20 * HOUR)], NOON, "till")
    assert (found.window, found.mine, found.others) == (WINDOWS[0], (), (other,))


def test_what_came_after_or_long_before_is_not_shown() -> None:
    found = before([deploy("till", -HOUR), deploy("till", timedelta(days=8))], NOON, "till")
    assert (found.window, found.mine, found.others) == (WINDOWS[-1], (), ())


def test_an_incident_without_a_service_sees_all() -> None:
    one = deploy("shop", HOUR)
    assert before([one], NOON, None).others == (one,)
