"""The rule: what people type after `/incident` is the same deed as on the page, in one's own name, answered at once.

A refusal is for the asker alone. Who is not known may read a brief and learns how to be known.
"""

from __future__ import annotations

import json
from functools import partial

import pytest

from chat.workspace import ANA, BEN, DAN, VERA, Workspace
from contracts.slack_channel import BOT
from fireline.core import incident, roles, task, update
from fireline.core.events import HOUSE
from kiosk import until


def declared(workspace: Workspace) -> None:
    answer = workspace.types(ANA, "declare P1 Kiosk shut")
    assert answer["response_type"] == "in_channel"
    assert "INC-1 P1: Kiosk shut, declared by Ana" in answer["text"]


def test_declaring_is_one_line_and_its_channel_is_where_the_rest_is_said(workspace: Workspace) -> None:
    declared(workspace)
    now = workspace.house.ledger.read(1)
    assert (now.declared.by, now.severity) == ("ana", "P1")
    room = workspace.room()
    answer = workspace.types(BEN, "status Identified the door is stuck", room.id)
    assert answer["text"] == "Ben: INC-1 is Identified."
    assert workspace.house.ledger.read(1).status == "Identified"


def test_without_a_severity_the_runbook_gives_it(workspace: Workspace) -> None:
    workspace.types(ANA, "declare Long queue")
    assert workspace.house.ledger.read(1).severity == "P2"


def test_what_slack_makes_of_text_is_turned_back(workspace: Workspace) -> None:
    workspace.types(ANA, "declare till &amp; door &lt;shut&gt; at <http://kiosk.example|kiosk.example>")
    assert workspace.house.ledger.read(1).declared.title == "till & door <shut> at kiosk.example"


def test_an_alert_s_text_can_ring_nobody(workspace: Workspace) -> None:
    workspace.types(ANA, "declare &lt;!channel&gt; @channel *look*")
    said = json.dumps(workspace.types(ANA, "status INC-1"), ensure_ascii=False)
    assert "<!channel>" not in said
    assert "@channel" not in said
    assert "&lt;!channel&gt;" in said or "&lt;!" in said


def test_elsewhere_the_incident_has_to_be_named(workspace: Workspace) -> None:
    declared(workspace)
    answer = workspace.types(ANA, "status Monitoring")
    assert answer["response_type"] == "ephemeral"
    assert "say which one" in answer["text"]
    assert workspace.types(ANA, "status INC-1 Identified")["text"] == "Ana: INC-1 is Identified."


def test_severity_update_and_resolve_are_said_in_words(workspace: Workspace) -> None:
    declared(workspace)
    assert workspace.types(ANA, "sev INC-1 P2 only the queue is long")["text"] == "Ana: INC-1 is P2 Medium."
    assert workspace.types(ANA, "update INC-1 Opening the door")["text"] == "Update #1 is sent."
    (sent,) = update.updates(workspace.house.ledger.log(1))
    assert (sent.by, sent.actions) == ("ana", "Opening the door")
    refused = workspace.types(ANA, "resolve INC-1")
    assert refused["response_type"] == "ephemeral"
    assert "gates are shut" in refused["text"]


def test_roles_pass_by_an_offer_and_a_yes_and_tasks_have_a_name(workspace: Workspace) -> None:
    declared(workspace)
    room = workspace.room().id
    workspace.types(ANA, "assign commander me", room)
    workspace.types(ANA, f"assign commander <@{BEN}|ben>", room)
    crew = roles.crew(workspace.house.ledger.log(1))
    assert (crew.commander, crew.offered_to("ben")[0].role) == ("ana", "commander")
    workspace.types(BEN, "assign commander me", room)
    workspace.types(BEN, "assign @ana 20m look at the till", room)
    log = workspace.house.ledger.log(1)
    assert roles.crew(log).commander == "ben"
    (one,) = task.tasks(log)
    assert (one.given.to, one.given.minutes, one.given.text) == ("ana", 20, "look at the till")
    assert "does not know Dan" in workspace.types(BEN, f"assign scribe <@{DAN}>", room)["text"].replace("dan", "Dan")


def test_a_brief_is_for_everybody_of_the_workspace(workspace: Workspace) -> None:
    declared(workspace)
    for user in (DAN, VERA, ANA):
        answer = workspace.types(user, "brief INC-1")
        assert answer["response_type"] == "ephemeral"
        assert "INC-1 Kiosk shut" in answer["text"]


def test_whom_the_house_does_not_know_may_not_act_and_learns_how_to_be_known(workspace: Workspace) -> None:
    answer = workspace.types(DAN, "declare P1 everything is down")
    assert answer["response_type"] == "ephemeral"
    assert "dan@example.com" in answer["text"]
    assert "fireline people add" in answer["text"]
    assert "may only look" in workspace.types(VERA, "declare P1 everything is down")["text"]


def test_an_address_that_slack_has_not_confirmed_is_nobody_s(workspace: Workspace) -> None:
    workspace.slack.person_facts = {ANA: {"is_email_confirmed": False}}
    assert "no confirmed e-mail" in workspace.types(ANA, "declare P1 everything is down")["text"]


def test_people_of_another_workspace_are_strangers_whatever_their_address_says(workspace: Workspace) -> None:
    workspace.types(BEN, "declare P1 Kiosk shut")
    workspace.slack.person_facts = {ANA: {"team_id": "T0OTHER00"}}
    assert "own Slack workspace" in workspace.types(ANA, "brief INC-1")["text"]
    assert "own Slack workspace" in workspace.types(ANA, "sev INC-1 P2 because")["text"]


def test_who_is_away_for_slack_is_told_so_and_the_house_goes_on(workspace: Workspace) -> None:
    workspace.slack.refuse("users.info", "internal_error", times=1)
    answer = workspace.types(ANA, "declare P1 Kiosk shut")
    assert "does not say who you are" in answer["text"]
    declared(workspace)


def test_an_unknown_verb_names_those_there_are(workspace: Workspace) -> None:
    assert "declare" in workspace.types(ANA, "reboot everything")["text"]
    assert "/incident declare" in workspace.types(ANA, "")["text"]


@pytest.mark.req(60)
def test_what_only_reads_runs_at_once_and_the_channel_sees_how_it_went(workspace: Workspace) -> None:
    declared(workspace)
    room = workspace.room()
    assert "only reads, so it runs" in workspace.types(ANA, "run INC-1 ls -a")["text"]
    ledger = workspace.house.ledger
    until(lambda: any(one.started.ask and one.finished for one in ledger.read(1).runs.values()))
    message = workspace.asked("ls -a")
    assert "Only reads." in json.dumps(message["blocks"])
    until(lambda: any("It ran well" in json.dumps(one) for one in room.messages if one["ts"] == message["ts"]))


def test_without_a_channel_of_its_own_the_command_is_shown_where_it_was_typed(workspace: Workspace) -> None:
    workspace.types(ANA, "declare P2 the gate squeaks")
    answer = workspace.types(ANA, "run INC-1 ls -a")
    assert answer["response_type"] == "in_channel"
    assert "rich_text_preformatted" in json.dumps(answer["blocks"])
    general = workspace.slack.add_channel("general", ANA, BOT)
    workspace.types(ANA, "run INC-1 echo oil &gt;&gt; gate", general.id)
    assert workspace.sends(ANA, workspace.view(), reason="it squeaks") == {}
    until(lambda: any("echo oil >> gate" in json.dumps(one.get("blocks", "")) for one in general.posted))


@pytest.mark.req(8)
def test_what_is_asked_of_a_private_incident_is_for_its_people_alone(workspace: Workspace) -> None:
    house = workspace.house
    workspace.types(ANA, "declare P2 the gate squeaks")
    deed = partial(
        incident.declare, title="Somebody sold the keys", severity="P2", severity_name="Medium", severity_why="",
        response_minutes=60, by="ana", private=True,
    )  # fmt: skip
    number = house.ledger.open(deed).number
    assert workspace.types(ANA, f"run INC-{number} ls -a")["response_type"] == "ephemeral"
    assert "sold the keys" in workspace.types(ANA, f"brief INC-{number}")["text"]
    for outsider in (DAN, VERA):  # as if it were not there
        for verb in ("brief", "status", "resolve"):
            assert "sold the keys" not in workspace.types(outsider, f"{verb} INC-{number}")["text"]
        assert workspace.types(outsider, f"brief INC-{number}")["text"] == f"There is no incident {number}."
        assert workspace.types(outsider, "brief INC-99")["text"] == "There is no incident 99."


def test_quotes_that_a_keyboard_has_made_pretty_are_refused(workspace: Workspace) -> None:
    declared(workspace)
    answer = workspace.types(ANA, "run INC-1 grep \u201copened\u201d door")
    assert "U+201C" in answer["text"]


def test_a_command_with_the_word_payload_is_a_command(workspace: Workspace) -> None:
    workspace.types(ANA, "declare P1 the payload is too large")
    assert workspace.house.ledger.read(1).declared.title == "the payload is too large"
    assert workspace.house.ledger.read(1).declared.by != HOUSE
