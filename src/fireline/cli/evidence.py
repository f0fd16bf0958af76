"""`fireline incident cancel`, `evidence` and `attach`: end a command, read what one said, add a file."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

from cyclopts import Parameter

from fireline.cli.incident_deed import Number, Reason, deed
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, say
from fireline.core.refusal import Refused

Run = Annotated[str, Parameter(help="Its name in `incident show --json`: 142.ask3.")]
PIECE = 256 * 1024  # bytes at once


def cancel(
    number: Number, run: Run, /, *, reason: Reason, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """End a command that runs, with all it has started. What a change has done by then stays done."""
    deed(number, f"runs/{quote(run, safe='')}/cancellation", {"reason": reason}, url, token, json=json)


def evidence(
    number: Number, run: Run, /, *,
    grep: Annotated[str, Parameter(help="Only lines with this in them, small or capital.")] = "",
    line: Annotated[int, Parameter(help="From this line on.")] = 0,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="Write all of it to this file.")] = None,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Show what a command said: the first and last lines, those from one on, or those with a word in them."""
    there = server(url, token)
    asked = urlencode({name: value for name, value in (("grep", grep), ("line", line)) if value})
    found = there.get(f"/incidents/{number}/runs/{quote(run, safe='')}/output?{asked}")
    if output is not None:
        there.download(f"/incidents/{number}/evidence/{found['evidence']}", output)
        say(f"{found['size']} bytes are in {output}, sha256 {found['evidence']}.")
        return
    if json:
        as_json(found)
        return
    for one in found["lines"]:
        print(f"{one['number']}: {one['text']}" if grep else one["text"])
    if found["left_out"]:
        say(f"… {found['left_out']} lines more: --line {len(found['lines']) + 1} …")
    for one in found["last"]:
        print(one["text"])
    if found["more"]:
        say("There are more: look for something rarer.")
    if found["masked"]:
        say(f"{found['masked']} secrets are masked.")


def attach(
    number: Number, file: Annotated[Path, Parameter(help="A heap dump, a trace.")], /, *,
    note: Annotated[str, Parameter(help="What it shows.")] = "", url: Url = None, token: Token = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Attach a file as evidence. It is kept as it is: secrets in it are not masked."""
    try:
        size, hashed = file.stat().st_size, sha256()
        with file.open("rb") as whole:
            while piece := whole.read(PIECE):
                hashed.update(piece)
        with file.open("rb") as whole:
            pieces = iter(lambda: whole.read(PIECE), b"")
            asked = urlencode({"name": file.name, "note": note})
            one = server(url, token).upload(f"/incidents/{number}/attachments?{asked}", pieces)
    except OSError as trouble:
        raise Refused(f"{file} cannot be read: {trouble.strerror}.", status=400) from trouble
    told = f"{file.name} is attached to {one['name']}: {size} bytes, sha256 {hashed.hexdigest()}"
    as_json(one) if json else say(told)
