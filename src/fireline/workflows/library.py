"""The library: runbooks read, parsed, judged and kept.

An incident keeps the version of the runbook it started with, whatever happens to the file: the source is
kept by its hash, and a walk reads it back from there. A file that no longer parses keeps its last good
version and says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import structlog

from fireline.core import guard
from fireline.core.events import RunbookRef
from fireline.core.guard import Tables, Verdict
from fireline.core.refusal import Refused
from fireline.core.runbook import Command, Runbook, parse
from fireline.core.runbook.damage import damage_of
from fireline.core.runbook.fill import fill
from fireline.core.runbook.match import Facts, Match, by_names, by_symptoms, names
from fireline.shell import parse as shell
from fireline.store.evidence import EvidenceStore
from fireline.workflows.checkout import commit_of
from fireline.workflows.tables import SiteTables, stamp

STAYS = "The version read before stays in use."
EXPORTED = "exported_"  # https://prometheus.io/docs/prometheus/latest/configuration/configuration/, honor_labels
NAMES_MAX = 10_000  # names of alerts whose scenario is remembered
SIZE_MAX_BYTES = 2_000_000  # the longest public runbook we know has 104,003

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Filled:
    """A command with its placeholders filled in: the bytes that were judged, and their verdict."""

    command: Command
    text: str
    verdict: Verdict

    @property
    def to_run(self) -> str:
        """The exact bytes to run: the shown rewriting when there is one."""
        return self.verdict.rewritten or self.text


class Library:
    """The runbooks of this house."""

    def __init__(self, paths: tuple[str, ...], evidence: EvidenceStore, tables: SiteTables | None = None) -> None:
        """`paths` are Markdown files or folders of them, not read before `load`; commands are judged by `tables`."""
        self._paths = paths
        self._evidence = evidence
        self._tables = tables or SiteTables()
        self._books: dict[str, Runbook] = {}
        self._named: tuple[tuple[Runbook, ...], dict[tuple[str, str, str], Match | None]] = (), {}
        self._stamps: dict[str, tuple[int, int]] = {}
        self._old: dict[str, Runbook] = {}  # by digest: versions that incidents started with
        self.trouble: dict[str, str] = {}  # path → why its newest version is not used

    def load(self) -> None:
        """Read every file that changed. Trouble with one keeps its last good version and never stops the others."""
        self._tables.refresh()
        books: dict[str, Runbook] = {}
        trouble = dict(self._tables.trouble)
        for path in self._files(trouble):
            name, stamped = str(path), stamp(path)
            known = self._books.get(name)
            if known and self._stamps.get(name) == stamped:
                books[name] = known
                trouble |= {name: self.trouble[name]} if name in self.trouble else {}
                continue
            try:
                books[name], hurt = _better(known, read(path))
            except Refused as refused:
                hurt = refused.sentence
                books |= {name: known} if known else {}
            trouble |= {name: f"{hurt} {STAYS}" if known and books[name] is known else hurt} if hurt else {}
            self._stamps[name] = stamped
        gone = [name for name in self._paths if not Path(name).exists()]  # unmounted, or a deployment under way
        books |= {n: b for n, b in self._books.items() if any(Path(n).is_relative_to(top) for top in gone)}
        for name in trouble.keys() - self.trouble.keys():
            log.warning("runbook", path=name, trouble=trouble[name])
        for name in self.trouble.keys() - trouble.keys():
            log.info("runbook", path=name, reads="again")
        self._books, self.trouble = books, trouble  # whoever reads meanwhile sees the old or the new, whole
        self._named = tuple(books.values()), {}

    @property
    def runbooks(self) -> tuple[Runbook, ...]:
        """All of them, in the order of the settings."""
        return tuple(self._books.values())

    @property
    def main(self) -> Runbook | None:
        """The one whose severities hold when an alert's own runbook names none."""
        return next((book for book in self.runbooks if book.severities), None)

    def find(self, facts: Facts) -> Match | None:
        """The runbook and scenario for an alert or for what a person typed."""
        books, known = self._named  # one read: `load` may put others there meanwhile
        return _by_names(facts, books, known) or by_symptoms(facts, books)

    def may_find(self, facts: Facts, titles: Collection[str]) -> bool:
        """Whether `find` could come to a scenario of one of these titles; only those are tried."""
        books, known = self._named
        found = _by_names(facts, books, known) or by_symptoms(facts, books, titles)
        return found is not None and found.scenario.title in titles

    def keep(self, runbook: Runbook) -> RunbookRef:
        """Keep this very version for an incident that starts with it, with the commit of its checkout."""
        digest = self._evidence.keep(runbook.source)
        commit = commit_of(Path(runbook.path))
        return RunbookRef(path=runbook.path, title=runbook.title, digest=digest, commit=commit)

    def at(self, ref: RunbookRef) -> Runbook:
        """The version an incident started with."""
        if ref.digest not in self._old:
            self._old[ref.digest] = parse(self._evidence.read(ref.digest), path=ref.path, shell=shell)
        return self._old[ref.digest]

    def judge(self, command: Command) -> Verdict:
        """The verdict on a command as it stands in the runbook, its placeholders holding harmless values."""
        return verdict(command.judged, self._tables.now)

    def judge_text(self, text: str) -> Verdict:
        """The verdict on a text in somebody's own words."""
        return verdict(text, self._tables.now)

    def prepare(self, command: Command, values: Mapping[str, str]) -> Filled:
        """Fill the placeholders and judge the very bytes that would run. Raises `Refused` when a value is missing."""
        text = fill(command, values)
        return Filled(command, text, verdict(text, self._tables.now))

    def _files(self, trouble: dict[str, str]) -> list[Path]:
        trouble |= {name: "There is no such file or folder." for name in self._paths if not Path(name).exists()}
        return files(self._paths)


def _by_names(facts: Facts, books: Sequence[Runbook], known: dict[tuple[str, str, str], Match | None]) -> Match | None:
    """The scenario by the alert's names, looked up once for all alerts of the same."""
    named = names(facts)
    if named not in known:
        if len(known) >= NAMES_MAX:
            known.clear()
        known[named] = by_names(facts, books)
    return known.get(named)


def files(paths: Iterable[str]) -> list[Path]:
    """The Markdown files that these files and folders hold; what is not there holds none."""
    found: list[Path] = []
    for path in map(Path, paths):
        found += sorted(path.rglob("*.md")) if path.is_dir() else [path] if path.is_file() else []
    return found


def _better(known: Runbook | None, new: Runbook) -> tuple[Runbook, str | None]:
    """Which version to use, and what is wrong with the new one. A broken page is still better than none."""
    hurt = damage_of(new)
    if hurt is None:
        return new, None
    good = known if known and not damage_of(known) else new
    return good, f"Line {hurt.line}: {hurt.message}"


def read(path: Path) -> Runbook:
    """Read and parse one file. Raises `Refused` naming it when it cannot be read or is no text."""
    try:
        if path.stat().st_size > SIZE_MAX_BYTES:
            raise Refused(f"{path} is larger than {SIZE_MAX_BYTES // 1_000_000} MB: is it a runbook?", status=413)
        source = path.read_bytes()
    except OSError as trouble:
        raise Refused(f"The runbook {path} cannot be read: {trouble.strerror}.", status=404) from trouble
    return read_text(source, path)


def read_text(source: bytes, path: Path) -> Runbook:
    """Parse what a file holds, or held; `path` is its name. Raises `Refused` when it is no text."""
    if b"\x00" in source:
        raise Refused(f"{path} is no text file.", status=400)
    return parse(source, path=str(path), shell=shell)


@lru_cache(maxsize=8192)
def verdict(text: str, tables: Tables) -> Verdict:
    """The verdict on a text by these tables, kept for as long as they are in use."""
    return guard.judge(text, parse=shell, tables=tables)


def stand_for(
    *, alert: Mapping[str, str], site: Mapping[str, str], person: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What placeholders stand for, by name.

    The site's own value beats an alert's label, which anybody with a hook token can send and a command that only
    reads would follow without a yes. A person's word beats both, because another person reads it before it runs.
    Where Prometheus had to rename a label, `exported_pod` is what the alert is about and `pod` who exported it.
    """
    renamed = {name.removeprefix(EXPORTED): value for name, value in alert.items() if name.startswith(EXPORTED)}
    return {**alert, **renamed, **site, **(person or {})}
