"""After a change: its checks tell whether it helped, what is temporary is listed, and what was to revert does so."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from fireline import clock
from fireline.core import approval, debt, gate, incident
from fireline.core.brief import brief
from fireline.core.events import ApprovalAsked, BranchProposed, ChecksRead, MitigationMeasured
from fireline.core.refusal import Refused
from fireline.house import House
from fireline.workflows.propose import Back
from kiosk import RUNBOOK, Open, kiosk_shut, until


def waiting(house: House) -> list[approval.Ask]:
    log = house.ledger.log(1) if house.ledger.head(1) else ()
    return [one for one in approval.asks(log) if one.waiting(clock.now())]


def say_yes(house: House, by: str = "ben") -> approval.Ask:
    until(lambda: waiting(house))
    ask = waiting(house)[0]
    house.ledger.act(1, partial(approval.give, number=ask.number, shown=ask.digest, by=by))
    return ask


def measured(house: House) -> MitigationMeasured:
    until(lambda: house.ledger.read(1).measured)
    found = house.ledger.read(1).measured
    assert found
    return found


@pytest.mark.req(64, 65)
def test_the_checks_are_read_before_and_after_and_say_that_it_helped(house: House) -> None:
    house.alerts.take([kiosk_shut()], clock.now())
    say_yes(house)
    found = measured(house)
    assert found.verdict == "better"
    assert [(one.title, one.good) for one in found.before] == [("Verify that it is open", False)]
    assert [(one.title, one.good) for one in found.after] == [("Verify that it is open", True)]
    until(lambda: house.ledger.read(1).status == "Monitoring")
    log = house.ledger.log(1)
    checks = [seq for seq, one in enumerate(log) if isinstance(one, ChecksRead)]
    started = next(seq for seq, one in enumerate(log) if getattr(one, "lane", "") == "write")
    assert checks[0] < started < checks[1]
    assert "Open the door: ok, it helped" in {one.label: one.text for one in brief(1, log, clock.now())}["Tried"]
    assert house.ledger.read(1).status_since[-1][0] == "Monitoring"


@pytest.mark.req(65)
def test_a_change_that_does_not_help_says_so_and_the_next_way_is_proposed(house: House) -> None:
    runbook = RUNBOOK.replace("echo opened >> door\n", "echo closed >> door\n")
    path = Path(house.settings.runbooks.paths[0])
    path.write_text(runbook)
    house.library.load()
    house.alerts.take([kiosk_shut()], clock.now())
    say_yes(house)
    found = measured(house)
    assert (found.verdict, found.attempts, found.steady) == ("same", 2, True)
    until(lambda: any(one.asked.command == "echo broken >> window" for one in waiting(house)))
    with pytest.raises(Refused, match="Nothing has verified"):
        house.ledger.act(1, partial(incident.change_status, status="Monitoring", by="ana"))


@pytest.mark.req(65)
def test_a_persons_own_change_is_measured_by_what_the_diagnosis_looked_at(house: House, street: Path) -> None:
    (street / "till").unlink()  # the diagnosis fails to look at it
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: waiting(house))
    house.propose.text(1, "echo 13 > till", reason="put it back", by="ana")
    until(lambda: len(waiting(house)) == 2)
    ask = waiting(house)[1]
    house.ledger.act(1, partial(approval.give, number=ask.number, shown=ask.digest, by="ben"))
    found = measured(house)
    assert found.verdict == "better"
    till = next(one for one in found.after if one.title == "Look at the till")
    assert (till.good, till.value) == (True, 13.0)
    assert house.ledger.read(1).status == "Investigating"  # nothing has verified it


@pytest.mark.req(129)
def test_what_was_agreed_to_revert_by_itself_reverts_and_settles_its_debt(house: House, street: Path) -> None:
    house.declare.by_person("Partners get 429s", by="ana")
    back = Back(minutes=0.005, command="echo 10 > limit")
    house.propose.text(1, "echo 100 > limit", reason="partners are blocked", by="ana", back=back)
    say_yes(house)
    until(lambda: (street / "limit").exists() and (street / "limit").read_text() == "10\n")
    until(lambda: debt.debts(house.ledger.log(1))[0].state == "undone")
    log = house.ledger.log(1)
    second = [one for one in log if isinstance(one, ApprovalAsked)][1]
    assert (second.command, second.covered_by, second.yes_needed) == ("echo 10 > limit", 1, 0)
    assert [one.state for one in debt.debts(log)] == ["undone"]
    assert next(one for one in gate.standings(log, clock.now()) if one.spec.key == "debts").open


@pytest.mark.req(129)
def test_one_changed_byte_of_what_reverts_voids_the_yes(house: House) -> None:
    house.declare.by_person("Partners get 429s", by="ana")
    back = Back(minutes=30, command="echo 10 > limit")
    house.propose.text(1, "echo 100 > limit", reason="partners are blocked", by="ana", back=back)
    other = approval.digest("echo 100 > limit")  # as if nothing reverted
    with pytest.raises(Refused, match="not the one that waits"):
        house.ledger.act(1, partial(approval.give, number=1, shown=other, by="ben"))


def test_what_reverts_is_judged_and_a_destructive_one_needs_two_people(house: House) -> None:
    house.declare.by_person("The till is full", by="ana")
    back = Back(minutes=30, command="rm -rf till2")
    house.propose.text(1, "cp till till2", reason="keep a copy", by="ana", back=back)
    assert waiting(house)[0].asked.yes_needed == 2
    with pytest.raises(Refused, match="give the command"):
        house.propose.text(1, "echo a > b", reason="w", by="ana", back=Back(minutes=30))


@pytest.mark.req(74)
def test_a_stopgap_whose_undo_nobody_agreed_to_becomes_an_ask_when_its_time_is_over(house: House, street: Path) -> None:
    house.declare.by_person("Payments fail", by="ana")
    take = partial(debt.take, what="payments on the backup", undo="echo main > provider", minutes=0.002, revert=True)
    house.ledger.act(1, partial(take, by="ana"))
    until(lambda: waiting(house))
    assert waiting(house)[0].asked.command == "echo main > provider"
    assert not (street / "provider").exists()
    say_yes(house)
    until(lambda: debt.debts(house.ledger.log(1))[0].state == "undone")


def test_a_person_takes_a_stopgap_back_with_another_persons_yes(house: House, street: Path) -> None:
    house.declare.by_person("Payments fail", by="ana")
    house.ledger.act(1, partial(debt.take, what="on the backup", undo="echo main > provider", by="ana"))
    house.afterwards.take_back(1, 1, by="ana")
    with pytest.raises(Refused, match="Somebody else"):
        say_yes(house, by="ana")
    say_yes(house, by="ben")
    until(lambda: debt.debts(house.ledger.log(1))[0].state == "undone")
    assert (street / "provider").read_text() == "main\n"


TREE = RUNBOOK.replace(
    "## Resolve\n",
    "## Mitigate\n\n**If Recent Deployment:**\n```bash\n# Roll back\necho old >> version\n```\n\n"
    "**If Memory Leak:**\n```bash\n# Restart it\necho restarted >> version\n```\n\n## Resolve\n",
)


@pytest.mark.req(76)
def test_what_the_diagnosis_showed_decides_which_way_comes_first(open_house: Open, street: Path) -> None:
    house = open_house(runbook=TREE)
    (street / "till").write_text("till-1  0/1  OOMKilled  5\n")
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: waiting(house))
    assert waiting(house)[0].asked.command == "echo restarted >> version"
    (said,) = [one for one in house.ledger.log(1) if isinstance(one, BranchProposed)]
    assert said.why == "“If Memory Leak” first, because Look at the till says “OOMKilled”."


@pytest.mark.req(76)
def test_without_a_sign_the_runbooks_order_holds(open_house: Open) -> None:
    house = open_house(runbook=TREE)
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: waiting(house))
    assert waiting(house)[0].asked.command == "echo opened >> door"
    assert not [one for one in house.ledger.log(1) if isinstance(one, BranchProposed)]
