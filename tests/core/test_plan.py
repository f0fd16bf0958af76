"""A plan is the runbook's own commands in the order a responder would run them; words stay words."""

from __future__ import annotations

from fireline.core.plan import Plan, plan
from fireline.core.runbook import Command, Mitigation, Resolution, Runbook, Scenario


def command(text: str, role: str = "reference") -> Command:
    return Command(key=text, text=text, line=1, column=1, block=1, role=role)  # type: ignore[arg-type]


PING = command("redis-cli ping", "diagnosis")
RESTART = command("supervisorctl restart redis")
UNDO = command("kubectl rollout undo deployment/shop")
STATUS = command("kubectl rollout status deployment/shop", "verification")
BOOK = Runbook(
    title="Runbook",
    overview="",
    digest="d" * 64,
    path="runbook.md",
    source="",
    mitigations=(Mitigation(condition="If Recent Deployment", line=9, commands=(UNDO, STATUS)),),
    scenarios=(
        Scenario(
            title="Redis Down",
            line=20,
            symptoms="",
            alerts=(),
            diagnosis=(PING,),
            resolution=(
                Resolution(text="Restart it", line=21, commands=(RESTART,), verification=(PING,)),
                Resolution(text="Roll back if there was a recent deployment", line=22),
                Resolution(text="Call the vendor", line=23),
            ),
        ),
    ),
)


def test_diagnosis_comes_first_and_ways_out_in_the_runbooks_order() -> None:
    found = plan(BOOK, "Redis Down")
    assert found.diagnosis == (PING,)
    assert [way.text for way in found.ways] == [
        "Restart it",
        "Roll back if there was a recent deployment (If Recent Deployment)",
    ]
    assert found.ways[0].verification == (PING,)


def test_a_way_that_names_a_condition_borrows_its_commands_and_their_verification() -> None:
    way = plan(BOOK, "Redis Down").ways[1]
    assert (way.commands, way.verification) == ((UNDO,), (STATUS,))


def test_words_without_commands_are_for_people() -> None:
    assert plan(BOOK, "Redis Down").words == ("Call the vendor",)


def test_an_unknown_scenario_has_no_plan_but_what_people_may_take_by_themselves_keeps_its_verification() -> None:
    found = plan(BOOK, "Volcano")
    assert found == plan(BOOK, None) == Plan(aside=found.aside)
    assert [way.text for way in found.aside] == [one.condition for one in BOOK.mitigations]
