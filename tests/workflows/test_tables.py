"""The rule: a site's table counts from the next look on, a broken one does not; what was judged is what runs."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest
import structlog

from fireline import clock
from fireline.core import guard
from fireline.core.events import CommandStarted
from fireline.core.guard import Effect
from fireline.core.refusal import Refused
from fireline.house import House
from fireline.settings import Guard
from fireline.shell import parse
from fireline.workflows.library import verdict
from fireline.workflows.tables import SiteTables, read_tables
from kiosk import RUNBOOK, Open, kiosk_shut, until

STRICT = '[[program]]\nnames = ["ls"]\n[[program.row]]\neffect = "write"\nwhy = "Agnes wants to be asked."\n'


def test_a_stricter_row_counts_from_the_next_look_at_the_files(open_house: Open, tmp_path: Path) -> None:
    table = tmp_path / "site.toml"
    table.write_text("program = []\n")
    house = open_house(guard=Guard(tables=(str(table),)))
    assert house.library.judge_text("ls -a").effect is Effect.READ
    table.write_text(STRICT)
    house.library.load()
    assert house.library.judge_text("ls -a").rule == "site:ls"
    [look] = [one for one in house.library.runbooks[0].commands if one.text == "ls -a"]
    assert house.library.judge(look).effect is Effect.WRITE


def test_a_table_that_broke_keeps_the_last_good_one_and_says_so(open_house: Open, tmp_path: Path) -> None:
    table = tmp_path / "site.toml"
    table.write_text(STRICT)
    house = open_house(guard=Guard(tables=(str(table),)))
    with structlog.testing.capture_logs() as told:
        table.write_text(STRICT + "efect = 7\n")
        house.library.load()
        house.library.load()
    assert house.library.judge_text("ls -a").rule == "site:ls"
    said = house.library.trouble["[guard] tables"]
    assert "efect" in said
    assert said.endswith("stay in use.")
    assert [one["log_level"] for one in told if one.get("path") == "[guard] tables"] == ["warning"]
    table.write_text("program = []\n")
    house.library.load()
    assert "[guard] tables" not in house.library.trouble
    assert house.library.judge_text("ls -a").effect is Effect.READ


def test_tables_that_are_wrong_at_the_start_stop_it(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"absent\.toml cannot be read"):
        SiteTables((str(tmp_path / "absent.toml"),))


def test_a_text_is_judged_once_for_as_long_as_the_tables_stay(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(STRICT)
    site = read_tables([str(tmp_path / "site.toml")])
    commands = [f"kubectl get pods -n shop{number} | grep web" for number in range(40)]
    first = [verdict(text, site) for text in commands]
    begun = time.perf_counter()
    again = [verdict(text, site) for text in commands]
    assert time.perf_counter() - begun < 0.02
    assert all(one is other for one, other in zip(first, again, strict=True))
    assert verdict("ls", site) is not verdict("ls", read_tables([]))


@pytest.mark.req(60)
def test_the_very_characters_that_were_judged_are_those_that_run(open_house: Open, street: Path) -> None:
    (street / "till").write_text("12.50 in the till\n")
    house: House = open_house(runbook=RUNBOOK.replace("ls -a", "tail -f till | grep 'in  the'"))
    house.alerts.take([kiosk_shut()], clock.now())
    until(partial(_ran, house))
    [run] = _ran(house)
    assert run.asked_as == "tail -f till | grep 'in  the'"
    assert run.command == "tail till | grep 'in  the'"
    verdict = guard.judge(run.command, parse=parse)
    assert (verdict.effect, verdict.unattended, verdict.rewritten) == (Effect.READ, True, None)
    for one in (event for event in house.ledger.log(1) if isinstance(event, CommandStarted)):
        assert guard.judge(one.command, parse=parse).unattended  # whatever ran by itself was judged as it stands


def _ran(house: House) -> list[CommandStarted]:
    log = house.ledger.log(1) if house.ledger.head(1) else ()
    return [event for event in log if isinstance(event, CommandStarted) and event.command.startswith("tail")]
