"""The rule: the docs say what the code does, and they say all of it.

What a page claims is compared with the code it tells about: events, settings, commands, routes, connectors,
links, the examples of the runbook page, and the tests that the security page names. A page that is not written
yet is skipped with its name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest
from cyclopts import App
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fireline import cli, settings
from fireline.connectors import alertmanager
from fireline.core import events, gate
from fireline.core.runbook import Runbook, parse
from fireline.core.runbook.words import plain
from fireline.shell import parse as shell

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
CODES = re.compile(r'(?:_finding\(\s*|code\s*=\s*)"([a-z-]+)"')
NO_SYSTEM = {"__init__", "http"}  # modules of connectors/ that are no system to set up


def page(name: str) -> str:
    """The text of a page, or a skip that names it."""
    path = ROOT / name
    if not path.is_file():
        pytest.skip(f"{name} is not written yet")
    return path.read_text("utf-8")


def tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def headings(text: str) -> list[str]:
    """The headings of a page as people read them."""
    found = tokens(text)
    return [plain(after.content) for one, after in pairwise(found) if one.type == "heading_open"]


def under(text: str, heading: str) -> str:
    """What stands between a heading and the next."""
    _, found, rest = text.partition(f"\n### {heading}\n")
    assert found, f"no heading {heading}"
    return re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]


EVENTS = get_args(events.AnyEvent)


def test_every_event_has_a_heading_and_every_heading_an_event() -> None:
    told = {one for one in headings(page("docs/events.md")) if re.fullmatch(r"(?:[A-Z][a-z]+){2,}", one)}
    assert told == {event.__name__ for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_field_of_an_event_is_told(event: type[events.Event]) -> None:
    told = set(re.findall(r"`([a-z_]+)`", under(page("docs/events.md"), event.__name__)))
    own = set(event.__struct_fields__) - {"at", "by"}
    assert own <= told


def test_the_example_of_an_event_is_one() -> None:
    example = re.search(r"```json\n(.+)\n```", page("docs/events.md"))
    assert example
    body = example[1].encode()
    assert events.to_json(events.from_json(body)) == body


def sections(part: type[msgspec.Struct], name: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each section of the settings with its plain keys: ("[lanes.read]", ("directory", …))."""
    plain_keys = []
    for field in msgspec.structs.fields(part):
        inner = _part(field.type)
        if inner is None and get_origin(field.type) is dict and not name:
            yield f"[{field.name}]", ()
        elif inner is None:
            plain_keys.append(field.encode_name)
        elif get_origin(field.type) is tuple:
            keys = tuple(one.encode_name for one in msgspec.structs.fields(inner))
            yield f"[[{f'{name}.{field.name}'.lstrip('.')}]]", keys
        elif get_origin(field.type) is dict:
            yield from sections(inner, f"{name}.{field.name}.NAME".lstrip("."))
        else:
            yield from sections(inner, f"{name}.{field.name}".lstrip("."))
    if plain_keys:
        yield f"[{name}]", tuple(plain_keys)


def _part(kind: Any) -> type[settings.Part] | None:
    kinds = (kind, *get_args(kind))
    return next((one for one in kinds if isinstance(one, type) and issubclass(one, settings.Part)), None)


@pytest.mark.parametrize(("section", "keys"), tuple(sections(settings.Settings)))
def test_every_setting_is_told(section: str, keys: tuple[str, ...]) -> None:
    text = page("docs/settings.md")
    assert any(section in heading for heading in headings(text)), f"docs/settings.md has no heading {section}"
    told = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`]+`", text))))
    assert set(keys) <= told


def test_every_verb_of_the_command_line_has_a_heading() -> None:
    told = " | ".join(headings(page("docs/cli.md")))
    missing = [verb for verb in verbs(cli.build()) if not re.search(rf"\bfireline {verb}\b", told)]
    assert not missing


def verbs(app: App, before: str = "") -> Iterator[str]:
    """Every command of a cyclopts program, such as `drill run`, the built-in flags left out."""
    for name in app:
        if not name.startswith("-"):
            below = list(verbs(app[name], f"{before}{name} "))
            yield from below or [f"{before}{name}"]


def test_every_route_is_told() -> None:
    text = page("docs/api.md")
    told = {shape(path) for path in re.findall(r"/[\w/{}:-]+", text)}
    told |= {f"/api/v1{path}" for path in told}  # a page may name the prefix once
    assert not [f"{method} {path}" for method, path in routes() if shape(path) not in told]


def shape(path: str) -> str:
    """The path with its variable parts left empty: `{number}`, `{number:int}`, 142, g3."""
    return re.sub(r"\{[^}]*\}|(?<=/)g?\d+(?=/|$)", "{}", path)


def routes() -> Iterator[tuple[str, str]]:
    """Method and path of everything a program may call, as the code declares it."""
    for file in sorted([*(ROOT / "src/fireline/api").glob("*.py"), *(ROOT / "src/fireline/hooks").glob("*.py")]):
        for method, path in re.findall(r'^@(get|post|put|patch|delete)\(\s*"([^"]+)"', file.read_text(), re.MULTILINE):
            if file.parent.name == "hooks":
                yield method.upper(), path
            elif file.stem != "health":
                yield method.upper(), f"/api/v1{path}"


@pytest.mark.parametrize(
    "module", sorted({one.stem for one in (ROOT / "src/fireline/connectors").glob("*.py")} - NO_SYSTEM)
)
def test_every_connector_has_a_page(module: str) -> None:
    system = module.removesuffix("_rest")  # a system's second way in stands on the page of the first
    assert (DOCS / "integrations" / f"{system}.md").is_file()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    dead = []
    for target in hrefs(path.read_text("utf-8")):
        name, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        to = (path.parent / name).resolve() if name else path
        lost = anchor and to.suffix == ".md" and to.exists() and anchor not in anchors(to.read_text("utf-8"))
        if not to.exists() or lost:
            dead.append(target)
    assert not dead


def hrefs(text: str) -> Iterator[str]:
    for block in tokens(text):
        for child in block.children or ():
            if child.type in {"link_open", "image"}:
                yield str(child.attrs.get("href") or child.attrs["src"])


def anchors(text: str) -> set[str]:
    """As viewers make them: small letters, dashes for spaces, punctuation gone."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(text)}


@pytest.mark.parametrize(
    "path", [DOCS / "settings.md", *sorted((DOCS / "integrations").glob("*.md"))], ids=lambda path: path.stem
)
def test_settings_that_a_page_shows_are_taken_as_they_stand(path: Path) -> None:
    blocks = [one.content for one in tokens(page(str(path.relative_to(ROOT)))) if one.info == "toml"]
    for block in blocks:
        assert msgspec.convert(tomllib.loads(block), settings.Settings) != settings.Settings()


def test_the_alerts_that_the_alertmanager_page_sends_are_taken() -> None:
    webhook, api = re.findall(r"-d '(.+?)'", page("docs/integrations/alertmanager.md"), re.DOTALL)
    at = datetime(2026, 11, 12, 14, 5, tzinfo=UTC)
    for (alert,) in (alertmanager.from_webhook(webhook.encode()), alertmanager.from_api(api.encode(), at)):
        assert (alert.name, alert.service, alert.firing) == ("SessionStoreDown", "sessions", True)


def test_the_rows_wanted_are_numbered_without_a_gap() -> None:
    numbers = [int(one) for one in re.findall(r"^\| (\d+) \|", page("docs/requirements.md"), re.MULTILINE)]
    assert numbers == list(range(1, 137))


def test_every_test_the_security_page_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page("docs/security.md"))
    assert named
    gone = [
        f"{file}::{test}"
        for file, test in named
        if not (ROOT / file).is_file() or (test and not re.search(rf"\bdef {test}\(", (ROOT / file).read_text()))
    ]
    assert not gone


@dataclass(frozen=True)
class Example:
    """A page in the docs, and what is said to come of it."""

    line: int
    source: str
    gives: tuple[str, ...]


def examples() -> list[Example]:
    """Every Markdown block of docs/runbooks.md with the text block after it."""
    fences = [one for one in tokens((DOCS / "runbooks.md").read_text("utf-8")) if one.type == "fence"]
    return [
        Example((one.map or [0])[0] + 1, one.content, tuple(after.content.splitlines()))
        for one, after in pairwise(fences)
        if (one.info, after.info) == ("markdown", "text")
    ]


def test_no_example_of_the_runbook_page_goes_unread() -> None:
    infos = [one.info for one in tokens(page("docs/runbooks.md")) if one.type == "fence"]
    assert infos == ["markdown", "text"] * (len(infos) // 2)


@pytest.mark.parametrize("example", examples(), ids=lambda one: f"line {one.line}")
def test_an_example_of_the_runbook_page_gives_what_the_page_says(example: Example) -> None:
    """All of each kind that the page names, and nothing else of it."""
    told = list(tell(parse(example.source, path="example.md", shell=shell)))
    kinds = {_kind(line) for line in example.gives}
    assert [line for line in told if _kind(line) in kinds] == list(example.gives)


def _kind(line: str) -> str:
    return line.partition(" ")[0]


def tell(book: Runbook) -> Iterator[str]:
    """What was read off a page, a line a thing, in the words of docs/runbooks.md."""
    for row in book.severities:
        yield f"severity {row.id} {row.name}, answered within {row.response_minutes} min: {'; '.join(row.examples)}"
    yield from (f"phase {one.number} {one.title}" for one in book.phases)
    for one in book.checklists:
        yield f"checklist {one.title}, {len(one.items)} items"
    for checklist in (one for one in book.checklists if "resol" in one.title.lower()):
        items = [item.text for item in checklist.items]
        yield from (f"gate {spec.text} ({spec.kind})" for spec in gate.specs(items) if spec.text in items)
    yield from (f"scenario {one.title}" for one in book.scenarios)
    yield from (f"alert {name}" for one in book.scenarios for name in one.alerts)
    for command in book.commands:
        inside = f", inside the shell of line {command.inside}" if command.inside else ""
        yield f"command {command.line}, {command.role}: {command.title}{inside}"
    yield from (f"step {one.line} for a person: {one.title}" for one in book.manual_steps)
    for command in book.commands:
        yield from (f"blank {one.written}: {one.name}, {one.kind}" for one in command.placeholders)
    yield from (f"stopgap {one.condition}, {len(one.commands)} commands" for one in book.mitigations)
    for scenario in book.scenarios:
        for way in scenario.resolution:
            yield f"way out: {way.text} ({len(way.commands)} to run, {len(way.verification)} to verify)"
    yield from (f"template {one.name} ({one.kind})" for one in book.templates)
    yield from (f"limit {one.metric} {one.operator} {one.value:g} {one.unit}" for one in book.thresholds)
    yield from (f"symptom {one.symptom}: {one.command}" for one in book.symptoms)
    yield from (f"dashboard {one.name}: {one.url}" for one in book.dashboards)
    yield from (f"contact {one.role}: {one.contact}, {one.phone}" for one in book.contacts)
    yield from (f"agenda {one.title}, {one.minutes} min" for one in book.agenda)
    yield from (f"updated {one}" for one in (book.last_updated,) if one)
    yield from (f"review {one}" for one in (book.next_review,) if one)


def test_whatever_our_own_runbook_has_is_told_with_an_example() -> None:
    ours = ROOT / "examples" / "runbooks" / "incident-response.md"
    has = {_kind(line) for line in tell(parse(ours.read_bytes(), path=ours.name, shell=shell))}
    assert has <= {_kind(line) for one in examples() for line in one.gives}


def test_every_finding_of_the_check_is_told() -> None:
    folder = ROOT / "src/fireline/core/runbook"
    codes = {code for file in folder.glob("*.py") for code in CODES.findall(file.read_text("utf-8"))}
    told = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", page("docs/runbooks.md").partition("## What the check finds")[2]))
    assert codes
    assert codes == told
