"""Whatever a runbook tells to change is treated alike: shown first, agreed to, written down, bounded, ended on demand.

The catalogue is every command of the runbook that is judged to change something, in all of its phases.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from fireline import clock
from fireline.core import approval, cancellation, guard
from fireline.core.approval import Ask
from fireline.core.events import ApprovalAsked, ApprovalGiven, CommandFinished, CommandStarted, UndoKept
from fireline.core.refusal import Refused
from fireline.core.runbook import Command
from fireline.settings import AfterSettings, Lanes, LaneSettings
from fireline.shell import parse
from fireline.workflows.propose import Back
from kiosk import Open, until
from kube import story
from mitigations.conftest import OpenScene
from mitigations.scene import EXAMPLES, Scene
from test_manifests import Nginx

# A program that a runbook names and this machine may not have: what looks is told no, what changes something stays.
STAYS = """#!/bin/sh
case "$0 $*" in
  *kubectl*dry-run*|*kubectl*config*|*kubectl*get*|*kubectl*diff*|*psql*-X*) echo "it could not be read" >&2; exit 1;;
esac
exec sleep 60
"""
NAMES = {"kubectl", "curl", "npm", "pd", "psql", "supervisorctl", "redis-cli", "git", "sed", "nginx"}
BLANKS = {"pid": "4711", "what_is_wrong": "till", "database": "127.0.0.1", "redis": "127.0.0.1", "redis_port": "1"}


def catalogue(scene: Scene) -> list[Command]:
    """Every command of the runbook that changes something, once."""
    (book,) = scene.house.library.runbooks
    found = [one for one in book.commands if scene.house.library.judge(one).effect.rank > 0 and one.role != "reference"]
    changes = [one for one in found if str(scene.house.library.judge_text(filled(scene, one)).effect) != "read"]
    return list({one.text: one for one in changes}.values())


def filled(scene: Scene, one: Command) -> str:
    """The command with something in its blanks."""
    return scene.house.library.prepare(one, values(scene, one)).to_run


def values(scene: Scene, one: Command) -> dict[str, str]:
    """Something for each blank."""
    pod = story.pods(scene.cluster, scene.book.workload, scene.book.namespace)[0]["metadata"]["name"]
    known = {**BLANKS, "pod": pod, **scene.book.values}
    blanks = [blank.name for each in (one, *one.bindings) for blank in each.placeholders]
    return {name: known.get(name, known.get(name.partition("_")[0], "1")) for name in blanks}


@pytest.mark.req(77)
def test_every_change_of_the_runbook_is_shown_before_it_waits_for_another_person(open_scene: OpenScene) -> None:
    scene = open_scene(values={"database_host": "127.0.0.1"})
    for name in ("k8s", "manifests"):
        (scene.street / name).mkdir()
        for file in (EXAMPLES / "runbooks" / "manifests").glob("*.yaml"):
            (scene.street / name / file.name).write_text(file.read_text())
    scene.declared()
    every = catalogue(scene)
    assert len(every) >= 10
    for one in every:
        with_what = values(scene, one)
        with suppress(Refused):  # the house has asked for it already: that ask is looked at instead
            scene.house.propose.step(1, one.key, reason="the catalogue", by="ana", values=with_what)
        wanted = filled(scene, one).split()
        asked = next(
            each.asked
            for each in reversed(approval.asks(scene.house.ledger.log(1)))
            if wanted in (each.asked.command.split(), str(each.asked.asked_as).split())
        )
        assert bool(asked.preview) != bool(asked.no_preview), one.text
        assert asked.undone, one.text  # what the undo does, or why there is none
        assert bool(asked.undo) or re.search(
            r"cannot|does not know|not known|Nothing to undo|started again", str(asked.undone)
        ), one
        assert asked.yes_needed >= 1, one.text
        digest = approval.find(scene.house.ledger.log(1), asked.ask).digest
        give = partial(approval.give, number=asked.ask, shown=digest, by=asked.by)
        with pytest.raises(Refused, match=r"Somebody else has to say yes|Only a person can say yes"):
            scene.house.ledger.act(1, give)
    assert scene.cluster.changes == []


@pytest.mark.req(77)
@pytest.mark.parametrize(("ending", "seconds"), [("timed out", 0.5), ("cancelled", 60.0)])
def test_every_change_of_the_runbook_ends_at_its_limit_and_when_a_person_ends_it(
    open_scene: OpenScene, tmp_path: Path, ending: str, seconds: float
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_text(STAYS)
        (folder / name).chmod(0o755)
    path, street = f"{folder}:/usr/bin:/bin", str(tmp_path / "street")
    lanes = Lanes(
        read=LaneSettings(directory=street, path=path, seconds=1.0),
        write=LaneSettings(directory=street, path=path, seconds=seconds),
    )
    quiet = AfterSettings(settle_seconds=3600, before_seconds=0.2)
    scene = open_scene(lanes=lanes, environments={}, afterwards=quiet, values={"database_host": "127.0.0.1"})
    scene.declared()
    every = catalogue(scene)
    asks = [scene.type(filled(scene, one)) for one in every]
    ran = [args[0].text for one in every for args, _ in guard.programs(filled(scene, one), parse=parse)]
    assert set(ran) <= NAMES  # else the runbook has a program that this test would really run
    assert len(asks) >= 10
    for ask in asks:
        give = partial(approval.give, number=ask.number, shown=ask.digest, typed=ask.asked.name or "")
        for person in ("ben", "cleo")[: ask.asked.yes_needed]:
            scene.house.ledger.act(1, partial(give, by=person))

    def over() -> bool:
        runs = [scene.house.ledger.read(1).runs.get(f"1.ask{ask.number}") for ask in asks]
        for run in runs:
            if ending == "cancelled" and run and not run.finished and not told & {run.started.run}:
                told.add(run.started.run)
                deed = partial(cancellation.ask, run=run.started.run, reason="wrong one", by="cleo")
                scene.house.ledger.act(1, deed)
        return all(run and run.finished for run in runs)

    told: set[str] = set()
    until(over, seconds=60)
    assert {ask.asked.command: scene.ended(ask) for ask in asks} == dict.fromkeys(
        [ask.asked.command for ask in asks], ending
    )
    for ask in asks:
        audited(scene, ask)


def audited(scene: Scene, one: Ask) -> None:
    """The log says who asked, who said yes, that it began and how it ended, in this order."""
    run = f"1.ask{one.number}"
    seen = [
        (type(event).__name__, event.by)
        for event in scene.house.ledger.log(1)
        if (isinstance(event, ApprovalAsked | ApprovalGiven) and event.ask == one.number)
        or (isinstance(event, CommandStarted | CommandFinished | UndoKept) and event.run == run)
    ]
    names = [name for name, _ in seen if name != "UndoKept"]
    assert names == ["ApprovalAsked", *["ApprovalGiven"] * one.asked.yes_needed, "CommandStarted", "CommandFinished"]
    assert [by for name, by in seen if name in {"ApprovalAsked", "ApprovalGiven"}][:2] == ["ana", "ben"]


@pytest.mark.req(78)
def test_no_change_of_the_runbook_reaches_the_other_context(open_scene: OpenScene) -> None:
    scene = open_scene(values={"database_host": "127.0.0.1"})
    scene.declared()
    tried = 0
    for one in catalogue(scene):
        text = filled(scene, one)
        if not text.startswith("kubectl "):
            continue
        tried += 1
        with pytest.raises(Refused, match="goes to staging"):
            scene.type(text.replace("kubectl ", "kubectl --context=staging ", 1))
        with pytest.raises(Refused, match="reaches past the context"):
            scene.type(text.replace("kubectl ", "kubectl --cluster=staging ", 1))
    assert tried >= 7
    assert scene.cluster.changes == []
    assert [one for one in scene.kube.staging.cluster.requests if not one.path.startswith("/version")] == []


@pytest.mark.req(67, 75)
def test_a_limit_that_reverts_by_itself_gives_429s_for_as_long_as_was_agreed(open_house: Open, street: Path) -> None:
    nginx = Nginx(street)
    site, zone = "location / { empty_gif; }", "limit_req_zone $remote_addr zone=strict:1m rate=5r/s;"
    nginx.configure(f"{site} limit_req zone=strict burst=10 nodelay; limit_req_status 429;", zone)
    (street / "nginx.conf").rename(street / "strict.conf")
    nginx.configure(site)
    (street / "open.conf").write_text((street / "nginx.conf").read_text())
    reload_ = f"{nginx.program} -e {street}/error.log -c {street}/nginx.conf -s reload"
    lane = LaneSettings(directory=str(street), path="/usr/sbin:/usr/bin:/bin")
    house = open_house(lanes=Lanes(read=lane, write=lane))
    house.declare.by_person("One client asks too often", by="ana")
    with nginx.running():
        assert {nginx.ask() for _ in range(40)} == {200}
        back = Back(minutes=0.05, command=f"cp open.conf nginx.conf && {reload_}")
        house.propose.text(1, f"cp strict.conf nginx.conf && {reload_}", reason="bots", by="ana", back=back)
        (one,) = [each for each in approval.asks(house.ledger.log(1)) if each.waiting(clock.now())]
        for person in ("ben", "cleo")[: one.asked.yes_needed]:
            house.ledger.act(1, partial(approval.give, number=one.number, shown=one.digest, by=person))
        until(lambda: 429 in {nginx.ask() for _ in range(20)})
        until(lambda: all(nginx.ask() == 200 for _ in range(40)), seconds=60)
    second = approval.asks(house.ledger.log(1))[1]
    assert (second.asked.covered_by, second.asked.yes_needed) == (1, 0)  # the first yes was to this as well
