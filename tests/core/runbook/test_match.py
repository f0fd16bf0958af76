"""An alert finds its scenario by the surest sign there is, says why, and finds none when none fits."""

from __future__ import annotations

import pytest

from fireline.core.runbook import Runbook
from fireline.core.runbook.match import Facts, Match, match


def find(runbooks: list[Runbook], name: str, **annotations: str) -> Match | None:
    return match(Facts(name=name, labels={}, annotations=annotations), runbooks)


@pytest.mark.parametrize(
    ("name", "annotations", "expected"),
    [
        ("RedisDown", {}, ("Redis Down", "lists the alert RedisDown")),
        ("NodeFilesystemSpaceFillingUp", {}, ("DiskFilling", "lists the alert")),
        ("X", {"runbook_url": "https://books.example/incident-response.md#redis-down"}, ("Redis Down", "runbook_url")),
        ("X", {"runbook_url": "https://books.example/alerts/diskfilling/"}, ("DiskFilling", "runbook_url")),
        ("RedisDownForLong", {}, ("Redis Down", "title")),
        ("Redis is down", {}, ("Redis Down", "title")),
        ("readers signed out since noon", {}, ("Session Store Down", "symptom")),
        ("X", {"summary": "FATAL: sorry, too many clients already"}, ("Database Connections Exhausted", "symptom")),
    ],
)
def test_the_right_scenario_with_its_reason(
    bookshop: Runbook, disk_filling: Runbook, name: str, annotations: dict[str, str], expected: tuple[str, str]
) -> None:
    found = find([disk_filling, bookshop], name, **annotations)
    assert found is not None
    assert found.scenario.title == expected[0]
    assert expected[1] in found.why
    assert found.why.endswith(".")


@pytest.mark.parametrize("name", ["Watchdog", "HostOutOfMemory", "MemcachedDown", "down", "", "CertificateExpiring"])
def test_nothing_is_guessed(bookshop: Runbook, disk_filling: Runbook, name: str) -> None:
    assert find([bookshop, disk_filling], name) is None


def test_a_broken_address_finds_nothing_and_hurts_nobody(bookshop: Runbook) -> None:
    assert find([bookshop], "X", runbook_url="http://[bad") is None
    assert find([], "RedisDown") is None
