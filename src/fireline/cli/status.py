"""`fireline status`: the public page as files, its history brought in, and planned maintenance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from fireline.cli.house import Config
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, say, table
from fireline.cli.speak import clock as written
from fireline.core.refusal import Refused

if TYPE_CHECKING:
    from fireline.workflows.status_page import StatusPage

app = App(name="status", help="The public status page.")
maintenance = App(name="maintenance", help="Planned work that the public is told of.")
app.command(maintenance)

OLD = timedelta(minutes=1)  # an older copy says of when it is
Time = Annotated[str, Parameter(help="UTC: 2026-11-24T02:00.")]


@app.command
def export(folder: Path, /, *, config: Config = None) -> None:
    """Write the whole page as files, for any web server to serve when everything else is on fire.

    It works on the database; where that is away, on the copy of the last page.
    """
    from fireline import clock
    from fireline.web.status.rendered import Look, beside, file_of, paths, render

    with _page(config) as page:
        try:
            board = page.boards.look()
        except Refused as trouble:
            board, _ = page.boards.current()
            say(f"{trouble.sentence} Written from the copy of {board.read_at:%d %b %H:%M} UTC.")
    look = Look(at=clock.now(), stale=clock.now() - board.read_at > OLD, root=None)
    files = {file_of(path): found.body for path in paths(board) if (found := render(path, board, look))}
    files |= beside()
    try:
        for name, body in files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(body)
    except OSError as trouble:
        raise Refused(f"{folder} cannot be written: {trouble.strerror}.") from trouble
    say(f"{len(files)} files in {folder}; the first is index.html.")


@app.command(name="import")
def import_(
    file: Annotated[Path, Parameter(help="What /api/v2/incidents.json of the other page answered.")], /, *,
    config: Config = None,
) -> None:  # fmt: skip
    """Bring in the history of a Statuspage, from its own JSON. Nobody is written to; twice is as good as once."""
    from fireline.web.status.history import read

    try:
        found = read(file.read_bytes())
    except OSError as trouble:
        raise Refused(f"{file} cannot be read: {trouble.strerror}.", status=400) from trouble
    with _page(config) as page:
        new = page.notices.bring_in(found)
    say(f"{len({one.incident for one in found})} incidents with {len(found)} updates, {new} of them new.")


@maintenance.command
def add(
    title: Annotated[str, Parameter(help="What is going to happen.")],
    text: Annotated[str, Parameter(help="What the public will notice of it.")], /, *,
    from_: Annotated[Time, Parameter(name="--from")], until: Time,
    component: Annotated[list[str], Parameter(help="Once for each.")] | None = None,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Tell of planned work."""
    body = {"title": title, "text": text, "starts_at": _time(from_), "ends_at": _time(until),
            "components": component or []}  # fmt: skip
    made = server(url, token).post("/maintenances", body)
    as_json(made) if json else say(f"Maintenance {made['number']} is told of: {made['title']}.")


@maintenance.command(name="list")
def list_(*, url: Url = None, token: Token = None, json: Json = False) -> None:
    """List planned work."""
    found = server(url, token).get("/maintenances")
    if json:
        return as_json(found)
    rows = [_row(one) for one in found["maintenances"]]
    return table("", ("number", "state", "from (UTC)", "until (UTC)", "what", "components"), rows)


@maintenance.command
def end(
    number: Annotated[int, Parameter(help="As `status maintenance list` says.")], /, *, url: Url = None,
    token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Call planned work off: the page no longer tells of it."""
    found = server(url, token).post(f"/maintenances/{number}/ending")
    as_json(found) if json else say(f"Maintenance {number} is called off.")


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    return (one["number"], one["status"], written(one["starts_at"]), written(one["ends_at"]), one["title"],
            ", ".join(one["components"]))  # fmt: skip


def _time(text: str) -> str:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text!r} is no time: write 2026-11-24T02:00 (UTC).", status=400) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


@contextmanager
def _page(config: Path | None) -> Iterator[StatusPage]:
    """The page of these settings, on its database."""
    from fireline import clock
    from fireline.cli.house import open_database
    from fireline.settings import load
    from fireline.workflows.status_page import status_page

    settings = load(config)
    if settings.status is None:
        raise Refused("There is no [status] in the settings: it says what the page shows.", status=400)
    database = open_database(settings)
    try:
        yield status_page(settings, database, clock.now)
    finally:
        database.close()
