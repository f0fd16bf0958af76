"""`fireline drill`: practise an incident on real servers, with stand-ins for nobody."""

from __future__ import annotations

import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from rich.console import Console
from rich.markdown import Markdown

from fireline.cli.server import Json
from fireline.cli.speak import as_json, table

if TYPE_CHECKING:  # the drill's parts are heavy, and `fireline --help` should not wait for them
    from fireline.drills.play import Play, Say

app = App(name="drill", help="Practise: break a real service and run the incident by the runbook.")

DRILLS = Path("examples/drills")


@app.command
def run(
    file: Path,
    *,
    fault: Annotated[str, Parameter(help="Break it this way instead; `drill list` names them.")] = "",
    auto: Annotated[
        bool, Parameter(help="The people of the drill act by themselves; for tests and for watching.")
    ] = False,
    port: Annotated[int, Parameter(help="Where the drill's own fireline listens; 0 takes a free one.")] = 8000,
    keep: Annotated[bool, Parameter(help="Leave the folder with database, logs and evidence behind.")] = False,
    json: Json = False,
) -> int:
    """Run the drill in FILE: a fireline of its own, a real fault, and you.

    It needs no account and touches nothing but its own folder. Where packages that the drill needs are missing it
    says which, and runs the drill's smaller brother. With --json the people act by themselves, and how it ended is
    printed for programs.
    """
    from fireline.core.refusal import Refused
    from fireline.drills import scenario
    from fireline.drills.play import staged, verdict
    from fireline.drills.world import free_ports, missing

    console = Console(highlight=False, stderr=json)  # what happens is for people, also beside JSON
    auto = auto or json
    drill = scenario.read(file)
    drill = drill.broken_by(fault or drill.fault)
    if (absent := missing(drill.world)) and drill.otherwise:
        console.print(
            f"[yellow]Not installed here: {', '.join(absent)}.[/] To have it: apt-get install {' '.join(absent)}\n"
            "A similar story with a small service of our own, instead."
        )
        drill = scenario.read(drill.otherwise)
    folder = Path(tempfile.mkdtemp(prefix="fireline-drill-"))
    console.print(f"[bold]{drill.title}[/]\nStarting the world and a fireline of its own in {folder} …")
    try:
        with staged(drill, folder, port=_port(port) or free_ports(1)[0], say=_said(console), auto=auto) as play:
            _invite(console, play)
            found = play.run()
            wrong = verdict(drill, found, play.first)
            if json:
                as_json({"incident": found, "first": play.first, "wrong": wrong, "review": play.review()})
            else:
                _closing(console, play, found, wrong)
            if not auto:
                _wait(console)
            return 1 if wrong else 0
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 130
    except Refused as refused:
        console.print(f"[red]{refused.sentence}[/]")
        return 1
    finally:
        if keep:
            console.print(f"Everything is in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


@app.command(name="list")
def list_(folder: Annotated[Path, Parameter(help="Where the drills are.")] = DRILLS, /, *, json: Json = False) -> None:
    """List the drills of a folder: what breaks, in which ways, and what is missing here to run them."""
    from fireline.drills import scenario
    from fireline.drills.world import missing

    drills = scenario.found(folder)
    if json:
        rows = [
            {
                "file": str(path), "title": one.title, "scenario": one.scenario, "world": one.world,
                "faults": one.faults, "missing": missing(one.world),
            }
            for path, one in drills.items()
        ]  # fmt: skip
        return as_json(rows)
    lines = [
        (path.name, one.title, scenario.about(one), ", ".join(one.faults), ", ".join(missing(one.world)) or "nothing")
        for path, one in drills.items()
    ]
    return table("", ("drill", "story", "world", "faults", "missing here"), lines)


def _port(wanted: int) -> int:
    """The wanted port if nobody has it, else 0."""
    import socket

    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted


def _said(console: Console) -> Say:
    return lambda sentence: console.print(sentence, markup=False, soft_wrap=True)


def _invite(console: Console, play: Play) -> None:
    links, people = play.stage.links(), play.drill.people
    console.print(f"\nfireline is at [bold]{play.stage.url}[/]. Sign in once with")
    console.print(f"  {links[people.second]}   as {people.second}, who may say yes", soft_wrap=True)
    console.print(f"  {links[people.on_call]}   as {people.on_call}, who is on call", soft_wrap=True)
    if play.drill.watch_speed != 1:
        console.print(
            f"[blue]A drill: the green window runs {play.drill.watch_speed:g}x faster. Every other clock is real.[/]\n"
        )


def _closing(console: Console, play: Play, found: dict[str, Any], wrong: list[str]) -> None:
    console.print(f"\n[bold]{found['name']} is {found['status']}.[/] The review, drafted from the log:\n")
    console.print(Markdown(play.review()))
    for sentence in wrong:
        console.print(f"[red]{sentence}[/]")
    console.print(f"\nThe incident: {play.stage.url}/incidents/{play.number}", soft_wrap=True)


def _wait(console: Console) -> None:
    console.print("Look around; Ctrl-C ends the drill and removes everything it made.")
    signal.pause()
