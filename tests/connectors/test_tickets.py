"""A ticket becomes an alert of its own: people's words with their secrets masked, whoever kept them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fireline.connectors.tickets import from_json, from_ticket, from_zendesk
from fireline.core.refusal import Refused
from fireline.settings import IntakeSettings, OverWhen, ZendeskSettings

NOON = datetime(2026, 5, 13, 12, 0, tzinfo=UTC)
ZENDESK = ZendeskSettings(secrets=("s",), url="https://shop.zendesk.com/", services={"checkout": "checkout"})
JIRA = IntakeSettings(
    name="jira",
    id="issue.key",
    summary="issue.fields.summary",
    text="issue.fields.description",
    url="issue.self",
    labels={"service": "issue.fields.components.0.name", "priority": "issue.fields.priority.name"},
    over_when=OverWhen(path="issue.fields.status.name", among=("Done", "Closed")),
)
ISSUE: dict[str, Any] = {
    "issue": {
        "key": "SHOP-7",
        "self": "https://jira.example/browse/SHOP-7",
        "fields": {"summary": "Till is stuck", "components": [{"name": "till"}], "status": {"name": "Open"}},
    }
}


def ticket(**more: Any) -> bytes:
    return json.dumps({"id": "7", "subject": "Checkout fails", **more}).encode()


def test_a_ticket_is_an_alert_of_its_own() -> None:
    one = from_ticket(ticket(text="since noon", service="checkout", url="https://desk.example/7"), NOON)
    assert (one.source, one.name, one.service, one.summary) == (
        "ticket",
        "CustomerReport",
        "checkout",
        "Checkout fails",
    )
    assert (one.firing, one.starts_guessed, one.generator_url) == (True, True, "https://desk.example/7")
    assert one.fingerprint != from_ticket(ticket(id="8"), NOON).fingerprint
    assert one.fingerprint == from_ticket(ticket(subject="Checkout still fails"), NOON + timedelta(hours=1)).fingerprint


def test_secrets_that_people_write_are_masked_and_control_characters_are_harmless() -> None:
    one = from_ticket(ticket(text="my password=hunter2hunter2 does\x00 not\x1b[2J work <b>"), NOON)
    assert one.annotations["description"] == "my password=«masked» does� not�[2J work <b>"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", None),
        (b"[]", None),
        (ticket(id=""), "id"),
        (ticket(subject=" "), "subject"),
        (ticket(service=[]), "service"),
        (b'{"id": "7"}', "subject"),
    ],
)
def test_what_is_no_ticket_is_refused_naming_the_field(body: bytes, field: str | None) -> None:
    with pytest.raises(Refused) as no:
        from_ticket(body, NOON)
    assert (no.value.status, no.value.field) == (400, field)


def test_an_address_that_is_no_web_page_is_no_link() -> None:
    assert from_ticket(ticket(url="javascript:alert(1)"), NOON).generator_url == ""


def test_a_closed_ticket_ends_its_alert() -> None:
    assert from_ticket(ticket(status="solved"), NOON).ends_at == NOON


def test_zendesks_ticket_event_is_read_and_other_events_are_left_aside(shared: Path) -> None:
    folder = shared / "contracts/samples/zendesk"
    one = from_zendesk((folder / "event_ticket.created_composed.json").read_bytes(), NOON, ZENDESK)
    assert one is not None
    assert (one.service, one.summary, one.starts_guessed) == ("checkout", "Checkout is down", False)
    assert one.generator_url == "https://shop.zendesk.com/agent/tickets/35436"
    assert from_zendesk((folder / "event_user.active_changed.json").read_bytes(), NOON, ZENDESK) is None


def test_a_trigger_tells_of_the_same_ticket_as_the_event(shared: Path) -> None:
    folder = shared / "contracts/samples/zendesk"
    body = json.loads((folder / "trigger_body_example.json").read_text())
    body |= {"ticket_id": "35436", "title": "Checkout is down", "status": "Solved", "tags": "vip checkout"}
    body |= {"url": "shop.zendesk.com/agent/tickets/35436"}
    trigger = from_zendesk(json.dumps(body).encode(), NOON, ZENDESK)
    event = from_zendesk((folder / "event_ticket.created_composed.json").read_bytes(), NOON, ZENDESK)
    assert trigger is not None
    assert event is not None
    assert (trigger.fingerprint, trigger.service) == (event.fingerprint, "checkout")
    assert trigger.generator_url == "https://shop.zendesk.com/agent/tickets/35436"
    assert trigger.ends_at == NOON


def test_anybodys_json_is_read_by_the_paths_of_the_settings() -> None:
    one = from_json(json.dumps(ISSUE).encode(), NOON, JIRA)
    assert (one.service, one.summary, one.labels["ticket"]) == ("till", "Till is stuck", "SHOP-7")
    assert "priority" not in one.labels  # it is not in the body, and no alert is lost for that
    assert one.firing
    done = json.dumps(ISSUE).replace('"Open"', '"done"')
    assert not from_json(done.encode(), NOON, JIRA).firing


def test_a_path_that_fails_is_named() -> None:
    with pytest.raises(Refused, match=r"`issue\.key` leads nowhere: the body has no key issue") as no:
        from_json(b"{}", NOON, JIRA)
    assert (no.value.status, no.value.field) == (400, "issue.key")
