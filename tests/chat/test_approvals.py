"""The rule: a yes in Slack is worth what a yes on the page is worth.

Another person than the asker, the exact bytes shown whole with their target, bound by the digest that the button
carries; two people where it is destructive; once; and the message says who said what. What Slack cannot show whole is
approved on the page.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import pytest

from chat.workspace import ANA, BEN, CLEO, DAN, VERA, Workspace
from fireline.clock import now
from fireline.core import approval, asking, delivery
from fireline.core.events import ApprovalAsked, Log
from fireline.workflows.inform import blocks
from fireline.workflows.inform.blocks import ACKNOWLEDGE, APPROVE, DENY, NEXT, PAGE, READ, UPDATE
from kiosk import until

OPEN = "echo opened >> door"
DESTROYS = "rm -rf window"


def asks(workspace: Workspace) -> tuple[approval.Ask, ...]:
    return approval.asks(workspace.house.ledger.log(1))


def asked_for(workspace: Workspace, command: str, by: str = "ana") -> approval.Ask:
    """Somebody asks for a command of their own."""
    workspace.house.propose.text(1, command, reason="nothing else helps", by=by)
    return next(one for one in asks(workspace) if one.asked.command == command)


def actions(message: dict[str, Any]) -> list[str]:
    return [b["action_id"] for one in message["blocks"] if one["type"] == "actions" for b in one["elements"]]


@pytest.fixture
def proposed(workspace: Workspace) -> dict[str, Any]:
    """Fireline proposes to open the door, and the channel shows it."""
    workspace.types(ANA, "declare P1 Kiosk shut")
    return workspace.asked(OPEN)


def test_a_yes_in_the_channel_runs_exactly_what_was_shown_and_the_message_says_who(
    workspace: Workspace, proposed: dict[str, Any]
) -> None:
    shown = json.dumps(proposed["blocks"])
    assert all(said in shown for said in (OPEN, "Target:", "Asked by:", asks(workspace)[0].digest))
    workspace.presses(BEN, proposed, APPROVE)
    assert "Approved by Ben" in json.dumps(workspace.said())
    assert workspace.said()["replace_original"] is True
    until(lambda: [one for one in workspace.house.ledger.read(1).runs.values() if one.started.command == OPEN])
    (ask,) = [one for one in asks(workspace) if one.asked.command == OPEN]
    assert (ask.yes, ask.digest) == (("ben",), approval.digest(OPEN, *approval.bound(ask.asked)))
    room = workspace.room()
    until(lambda: "It ran well" in json.dumps(room.messages))
    (message,) = [one for one in room.messages if one["ts"] == proposed["ts"]]
    assert APPROVE not in actions(message)


def test_a_yes_given_on_the_page_reaches_the_message_too(workspace: Workspace, proposed: dict[str, Any]) -> None:
    ask = asks(workspace)[0]
    workspace.house.ledger.act(1, partial(approval.give, number=ask.number, shown=ask.digest, by="cleo"))
    room = workspace.room()
    until(lambda: any("Approved by Cleo" in json.dumps(one) for one in room.messages if one["ts"] == proposed["ts"]))


def test_nobody_says_yes_to_their_own_ask_nor_does_a_looker_or_a_stranger(workspace: Workspace) -> None:
    workspace.types(ANA, "declare P2 the gate squeaks")
    workspace.house.ledger.read(1)
    ask = asked_for(workspace, "echo oil >> gate")
    message = {"ts": "1.1", "blocks": blocks.approval(1, ask, now(), names=str, url="http://127.0.0.1/x")}
    for n, (user, words) in enumerate(((ANA, "Somebody else"), (VERA, "may only look"), (DAN, "does not know")), 1):
        workspace.presses(user, message, APPROVE, channel="C0GENERAL")
        answer = workspace.said(n)
        assert words in answer["text"]
        assert (answer["response_type"], answer["replace_original"]) == ("ephemeral", False)
    assert not asks(workspace)[0].yes


def test_a_button_that_carries_another_digest_approves_nothing(workspace: Workspace, proposed: dict[str, Any]) -> None:
    text = json.dumps(proposed["blocks"]).replace(asks(workspace)[0].digest, approval.digest("rm -rf /"))
    workspace.presses(BEN, {"ts": proposed["ts"], "blocks": json.loads(text)}, APPROVE)
    assert "not the one that waits" in workspace.said()["text"]
    assert not asks(workspace)[0].granted


def test_what_destroys_needs_two_and_says_whose_yes_counts_already(workspace: Workspace) -> None:
    workspace.types(ANA, "declare P1 Kiosk shut")
    workspace.asked(OPEN)
    asked_for(workspace, DESTROYS)
    message = workspace.asked(DESTROYS)
    assert "2 people" in json.dumps(message["blocks"])
    workspace.presses(BEN, message, APPROVE)
    assert "Ben said yes; it needs 1 more" in json.dumps(workspace.said())
    workspace.presses(BEN, message, APPROVE)
    assert "another person" in workspace.said(2)["text"]
    workspace.presses(CLEO, message, APPROVE)
    assert "Approved by Ben and Cleo" in json.dumps(workspace.said(3))


def test_a_press_after_it_was_answered_is_refused_in_words(workspace: Workspace, proposed: dict[str, Any]) -> None:
    workspace.presses(BEN, proposed, APPROVE)
    workspace.said()
    workspace.presses(CLEO, proposed, APPROVE)
    assert "approved already" in workspace.said(2)["text"]


def test_no_asks_why_not_in_a_form_and_the_message_says_it(workspace: Workspace, proposed: dict[str, Any]) -> None:
    workspace.presses(BEN, proposed, DENY)
    view = workspace.view()
    assert workspace.sends(BEN, view, reason="   ")["errors"]["reason"].startswith("Say why not")
    assert workspace.sends(BEN, view, reason="the owner has the key") == {}
    assert asks(workspace)[0].denied
    room = workspace.room()
    until(lambda: "the owner has the key" in json.dumps([one for one in room.messages if one["ts"] == proposed["ts"]]))


def test_a_longer_command_is_read_whole_in_a_form_before_a_yes(workspace: Workspace) -> None:
    workspace.types(ANA, "declare P1 Kiosk shut")
    long = "echo " + "a" * (blocks.INLINE_CHARS + 1) + " >> door"
    ask = asked_for(workspace, long)
    message = workspace.asked(ask.digest)
    assert APPROVE not in actions(message)
    workspace.presses(BEN, message, READ)
    view = workspace.view()
    assert long in json.dumps(view)
    assert workspace.sends(ANA, view)["view"]["blocks"][0]["text"]["text"].startswith("You asked for this one")
    assert workspace.sends(BEN, view) == {}
    assert next(one for one in asks(workspace) if one.number == ask.number).yes == ("ben",)


@pytest.mark.parametrize(
    "command",
    ["echo " + "a" * (blocks.WHOLE_MAX + 1) + " >> door", "echo \u202eneppo >> door", "echo a\u200bb >> door"],
    ids=["longer than Slack shows", "turned around", "with a character nobody sees"],
)
def test_what_slack_cannot_show_whole_is_a_link_to_the_page(workspace: Workspace, command: str) -> None:
    workspace.types(ANA, "declare P1 Kiosk shut")
    ask = asked_for(workspace, command)
    found = actions(workspace.asked(ask.digest))
    assert (APPROVE in found, READ in found, PAGE in found, DENY in found) == (False, False, True, True)


def test_a_command_that_changes_something_is_judged_asked_for_and_shown(workspace: Workspace) -> None:
    workspace.types(ANA, "declare P1 Kiosk shut")
    room = workspace.room()
    assert workspace.types(ANA, "run echo ajar &gt;&gt; door", room.id) == {}
    view = workspace.view()
    assert "echo ajar >> door" in json.dumps(view)
    assert "effect" in json.dumps(view)
    assert not [one for one in asks(workspace) if one.asked.by == "ana"]
    assert workspace.sends(ANA, view, reason="the door is heavy") == {}
    message = workspace.asked("echo ajar >> door")
    assert "the door is heavy" in json.dumps(message["blocks"])
    workspace.presses(BEN, message, APPROVE)
    until(
        lambda: [
            one for one in workspace.house.ledger.read(1).runs.values() if one.started.command.startswith("echo aj")
        ]
    )


def test_a_form_sent_off_twice_asks_once(workspace: Workspace) -> None:
    workspace.types(ANA, "declare P1 Kiosk shut")
    workspace.types(ANA, "run INC-1 echo ajar &gt;&gt; door")
    view = workspace.view()
    assert workspace.sends(ANA, view, reason="it is heavy") == {}
    assert workspace.sends(ANA, view, reason="it is heavy") == {}
    assert len([one for one in asks(workspace) if one.asked.by == "ana"]) == 1


def test_the_next_step_of_the_runbook_is_offered_with_its_blanks(
    workspace: Workspace, proposed: dict[str, Any]
) -> None:
    answer = workspace.types(ANA, "status INC-1")
    workspace.presses(ANA, answer, NEXT)
    view = workspace.view()
    assert "echo broken >> window" in json.dumps(view)  # the door is asked for already
    assert workspace.sends(ANA, view, reason="the door stays shut") == {}
    assert asks(workspace)[-1].asked.title == "Break the window"
    assert proposed["ts"]


def test_acknowledging_takes_the_button_away_and_a_second_one_is_told_who_has_it(workspace: Workspace) -> None:
    answer = workspace.types(ANA, "declare P1 Kiosk shut")
    message = {"ts": "1.1", **answer}
    workspace.presses(BEN, message, ACKNOWLEDGE)
    told = workspace.said()
    assert "Ben has INC-1." in told["text"]
    assert ACKNOWLEDGE not in actions(told)
    assert workspace.house.ledger.read(1).acknowledged
    workspace.presses(CLEO, message, ACKNOWLEDGE)
    assert workspace.said(2)["text"] == "ben has it already."


def test_an_update_is_written_in_a_form_that_has_the_draft(workspace: Workspace) -> None:
    answer = workspace.types(ANA, "declare P1 Kiosk shut")
    workspace.presses(ANA, answer, UPDATE)
    view = workspace.view()
    said = workspace.sends(ANA, view, actions="It is fixed in 5 minutes", users="many")
    assert said["errors"]["users"]
    assert "promises" in workspace.sends(ANA, view, actions="Fixed in 5 minutes", users="40")["errors"]["actions"]
    assert workspace.sends(ANA, view, actions="Opening the door", users="40", services="kiosk") == {}
    room = workspace.room()
    until(lambda: any("Opening the door" in one["text"] for one in room.posted))


def test_a_button_of_an_older_form_is_refused_and_nothing_breaks(workspace: Workspace) -> None:
    broken = blocks.actions(blocks.button("Approve", APPROVE) | {"value": "yes please"})
    workspace.presses(BEN, {"ts": "1.1", "blocks": [broken]}, APPROVE, channel="C0GENERAL")
    assert "none that fireline made" in workspace.said()["text"]


def test_everything_a_yes_is_bound_to_has_to_be_shown() -> None:
    """A target or a way back that Slack cannot show keeps the button off, too."""
    asked = ApprovalAsked(
        at=now(), by="ana", ask=1, step="own words", title="Scale", command="kubectl scale deploy/api --replicas=3",
        effect="write", rule="kubectl scale", reason="load",
    )  # fmt: skip
    for hidden in (msgspec.structs.replace(asked, target="prod\u202e"), msgspec.structs.replace(asked, command="a\rb")):
        shown = blocks.approval(1, approval.Ask(hidden), now(), names=str, url="http://127.0.0.1/x")
        assert APPROVE not in actions({"blocks": shown})
    plain = blocks.approval(1, approval.Ask(asked), now(), names=str, url="http://127.0.0.1/x")
    assert APPROVE in actions({"blocks": plain})


def test_the_pinned_card_has_buttons(workspace: Workspace) -> None:
    workspace.types(ANA, "declare P1 Kiosk shut")
    room = workspace.room()
    until(lambda: any(ACKNOWLEDGE in json.dumps(one.get("blocks", "")) for one in room.posted))
    card = next(one for one in room.posted if ACKNOWLEDGE in json.dumps(one.get("blocks", "")))
    assert actions(card) == [ACKNOWLEDGE, NEXT, UPDATE, PAGE]
    workspace.presses(BEN, card, ACKNOWLEDGE)
    assert "Ben has INC-1." in workspace.said()["text"]


def test_an_ask_whose_answer_got_lost_is_posted_once(workspace: Workspace) -> None:
    workspace.types(ANA, "declare P1 Kiosk shut")
    room = workspace.room()
    workspace.asked(OPEN)
    until(lambda: not [one for one in delivery.deliveries(workspace.house.ledger.log(1)) if one.state == "waiting"])
    workspace.slack.wire.fail_next(1, "drop")
    ask = asked_for(workspace, "echo ajar >> door")
    until(lambda: _shown(workspace, ask.number))
    assert len([one for one in room.posted if ask.digest in json.dumps(one.get("blocks", ""))]) == 1


def _shown(workspace: Workspace, number: int) -> bool:
    log = workspace.house.ledger.log(1)
    made = delivery.find(log, asking.shown(log, number))
    return made is not None and made.state == "made"


@pytest.mark.req(70)
def test_a_last_resort_takes_two_people_who_type_what_it_hits(workspace: Workspace) -> None:
    workspace.types(ANA, "declare P1 Kiosk shut")
    workspace.asked(OPEN)

    def last_resort(log: Log, at: datetime) -> ApprovalAsked:
        return ApprovalAsked(
            at=at, by="ana", ask=len(approval.asks(log)) + 1, step="own words", title="Restart the database",
            command="echo restarted >> postgres", effect="destructive", rule="own words", reason="it hangs",
            yes_needed=2, target="kiosk · statefulset/postgres", name="postgres", last_resort=True,
        )  # fmt: skip

    workspace.house.ledger.act(1, last_resort)
    message = workspace.asked("statefulset/postgres")
    assert APPROVE not in actions(message)
    for n, user in enumerate((BEN, CLEO), 1):
        workspace.presses(user, message, READ)
        view = workspace.view(n)
        assert "type the name of what it hits, postgres" in workspace.sends(user, view, typed="pg")["errors"]["typed"]
        assert workspace.sends(user, view, typed="postgres") == {}
    assert asks(workspace)[-1].yes == ("ben", "cleo")


def test_an_ask_that_went_stale_has_no_buttons_and_says_so() -> None:
    at = now()
    asked = ApprovalAsked(
        at=at, by="ana", ask=1, step="own words", title="Open", command=OPEN, effect="local", rule="echo", reason="shut"
    )
    shown = blocks.approval(1, approval.Ask(asked), at + approval.GOOD_FOR, names=str, url="http://127.0.0.1/x")
    assert not actions({"blocks": shown})
    assert "Nobody answered within 15 minutes" in json.dumps(shown)
