"""`fireline runbook`: what fireline reads in a runbook, and what will hurt in it at night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import indent
from typing import Annotated, Literal, assert_never

import msgspec
from cyclopts import App, Parameter

import fireline
from fireline import clock
from fireline.cli.server import Json
from fireline.cli.speak import as_json, out, plain, say, table
from fireline.connectors.git import committed
from fireline.core.guard import Verdict
from fireline.core.refusal import Refused
from fireline.core.runbook import Command, Finding, Runbook, diff
from fireline.core.runbook.document import as_document
from fireline.core.runbook.lint import lint
from fireline.core.runbook.place import place_of_blank
from fireline.core.runbook.sarif import as_sarif
from fireline.core.runbook.sources import said, sources
from fireline.settings import load
from fireline.workflows.checkout import beside
from fireline.workflows.library import read, read_text, verdict
from fireline.workflows.tables import read_tables

app = App(name="runbook", help="What fireline reads in a runbook, and what is wrong with it.")

File = Annotated[Path, Parameter(help="A Markdown file.")]
Files = Annotated[Path, Parameter(name="FILE", help="Markdown files, or folders of them.")]
Before = Annotated[Path, Parameter(name="A", help="The runbook as it was; alone, the runbook as it is.")]
After = Annotated[
    Path | None, Parameter(name="B", help="The runbook as it is; without, A is compared with its last commit.")
]
Format = Annotated[
    Literal["text", "json", "github", "sarif"],
    Parameter(name="--format", help="github: annotations for a workflow's log; sarif: for code scanning."),
]
GITHUB = {"error": "error", "warning": "warning", "note": "notice"}


@app.command
def show(file: File, /, *, json: Json = False) -> None:
    """Show a runbook as fireline reads it: severities, scenarios, each command with the guard's verdict."""
    book = read(file)
    document = as_document(book, _judge())
    if json:
        return as_json(document)
    say(f"{document['title']}")
    say(f"  {document['overview']}" if document["overview"] else "  (no overview)")
    for name, fact in book.front.items():
        say(f"  {name.replace('_', ' ')}: {fact if isinstance(fact, str) else ', '.join(fact)}")
    severities = [(s["id"], s["name"], f"{s['response_minutes']} min", s["impact"]) for s in document["severities"]]
    table("\nSeverities", ("", "name", "answer within", "impact"), severities)
    scenarios = [(s["title"], s["line"], s["symptoms"], len(s["resolution"])) for s in document["scenarios"]]
    table("\nScenarios", ("title", "line", "symptoms", "ways out"), scenarios)
    commands = [
        (c["line"], c["effect"], _runs(one, by_itself=c["unattended"]), c["scenario"] or c["phase"], c["text"])
        for one, c in zip(book.commands, document["commands"], strict=True)
    ]
    table("\nCommands", ("line", "effect", "runs", "where", "command"), commands)
    table("\nBlanks", ("where", "blank", "is", "can come from"), list(_blanks(book)))
    lists = [(c["title"], c["line"], len(c["items"])) for c in document["checklists"]]
    table("\nChecklists", ("title", "line", "items"), lists)
    return _text([(str(file), one) for one in _findings(file, book)], "\nFindings")


@app.command
def check(*files: Files, format_: Format = "text") -> int:
    """Check runbooks: dead links, commands that never end, promises out of order. Status 1 when one is an error."""
    paths = [path for file in files for path in (sorted(file.rglob("*.md")) if file.is_dir() else [file])]
    if not paths:
        raise Refused("Name at least one Markdown file to check.", status=400)
    found = [(str(path), one) for path in paths for one in _checked(path)]
    match format_:
        case "json":
            as_json([{"file": path, **msgspec.to_builtins(one)} for path, one in found])
        case "github":
            for path, one in found:
                where = f"file={_escaped(path)},line={one.line},col={one.column},title={one.code}"
                print(f"::{GITHUB[one.severity]} {where}::{_escaped(one.message)}")
        case "sarif":
            as_json(as_sarif(found, version=fireline.__version__))
        case "text":
            _text(found, "")
        case _:
            assert_never(format_)
    return 1 if any(one.severity == "error" for _, one in found) else 0


@app.command(name="diff")
def difference(before: Before, after: After = None, /, *, json: Json = False) -> None:
    """Show what changes for a responder from one version of a runbook to the next, or since the last commit."""
    old, new = (read(before), read(after)) if after else (read_text(committed(before), before), read(before))
    found = diff.compare(old, new, _judge())
    if json:
        return as_json(diff.as_document(found))
    if not found:
        return say("Nothing changes for a responder.")
    for sign, steps in (("+", found.commands_added), ("-", found.commands_removed)):
        for one in steps:
            say(f"{sign} command, line {one.line}, {_effect(one)}{_place(one)}:\n{indent(one.text, '    ')}")
    for change in found.commands_changed:
        one, other = change.before, change.after
        effect = f"{_effect(one)} -> {_effect(other)}" if change.effect_changed else f"{_effect(other)} as before"
        said = indent(other.text, "    ")
        if one.text != other.text:
            said = f"{indent(one.text, '  - ')}\n{indent(other.text, '  + ')}"
        say(f"~ command, line {one.line} -> {other.line}, {effect}{_place(other)}:\n{said}")
    for sign, kind, names in (
        ("+", "gate", found.gates_added),
        ("-", "gate", found.gates_removed),
        ("+", "scenario", found.scenarios_added),
        ("-", "scenario", found.scenarios_removed),
    ):
        for name in names:
            say(f"{sign} {kind}: {name}")
    for row in found.response_minutes:
        say(f"~ {row.severity} is to be answered within: {_minutes(row.before)} -> {_minutes(row.after)}")
    return None


def _judge() -> Callable[[Command], Verdict]:
    tables = read_tables(load().guard.tables)
    return lambda command: verdict(command.judged, tables)


def _runs(command: Command, *, by_itself: bool) -> str:
    if command.inside:
        return f"not: in the shell of line {command.inside}"
    return "by itself" if by_itself else ""


def _blanks(book: Runbook) -> Iterator[tuple[str, str, str, str]]:
    """Each blank once, where it first stands, with where its value can come from."""
    seen: set[str] = set()
    for command in book.commands:
        for blank in command.placeholders:
            if blank.name not in seen:
                seen.add(blank.name)
                at = place_of_blank(book, command, blank)
                kind = blank.kind.replace("_", " ")
                where = "; ".join(said(source) for source in sources(blank, command, book))
                yield f"{at.line}:{at.column}", blank.written, kind, where


def _effect(step: diff.Step) -> str:
    return f"{step.effect} (runs by itself)" if step.unattended else step.effect


def _place(step: diff.Step) -> str:
    return f" in “{step.place}”" if step.place else ""


def _minutes(minutes: int | None) -> str:
    return "no such severity" if minutes is None else f"{minutes} min"


def _checked(path: Path) -> tuple[Finding, ...]:
    """The findings on one file; one that cannot be read is a finding, too, so that the others are still checked."""
    try:
        return _findings(path, read(path))
    except Refused as no:
        return (Finding(code="unreadable", line=1, severity="error", message=no.sentence),)


def _findings(path: Path, book: Runbook) -> tuple[Finding, ...]:
    """All of them: with the files beside the runbook to look for, and today's date."""
    return lint(book, exists=beside(path), today=clock.now().date())


def _text(found: list[tuple[str, Finding]], title: str) -> None:
    if not found:
        say(f"{title}\nNothing to say against it." if title else "Nothing to say against it.")
        return
    if title:
        say(title)
    for path, one in found:
        out().print(plain(f"{path}:{one.line}:{one.column}: {one.severity} {one.code}: {one.message}"), soft_wrap=True)


def _escaped(text: str) -> str:
    """As GitHub wants it: https://docs.github.com/actions/reference/workflow-commands-for-github-actions."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
