"""The library: runbooks read, parsed, judged and kept.

An incident keeps the version of the runbook it started with, whatever happens to the file: the source is
kept by its hash, and a walk reads it back from there. A file that no longer parses keeps its last good
version and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fireline.core import guard
from fireline.core.events import RunbookRef
from fireline.core.guard import Verdict, table
from fireline.core.refusal import Refused
from fireline.core.runbook import Command, Runbook, parse
from fireline.core.runbook.fill import fill
from fireline.core.runbook.match import Facts, Match, match
from fireline.shell import parse as shell
from fireline.store.evidence import EvidenceStore
from fireline.workflows.checkout import commit_of

SIZE_MAX_BYTES = 2_000_000  # the longest public runbook we know has 104,003


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

    def __init__(self, paths: tuple[str, ...], evidence: EvidenceStore) -> None:
        """`paths` are Markdown files or folders of them; nothing is read before `load`."""
        self._paths = paths
        self._evidence = evidence
        self._books: dict[str, Runbook] = {}
        self._stamps: dict[str, tuple[int, int]] = {}
        self._old: dict[str, Runbook] = {}  # by digest: versions that incidents started with
        self.trouble: dict[str, str] = {}  # path → why its newest version is not used

    def load(self) -> None:
        """Read every file that changed. Trouble with one keeps its last good version and never stops the others."""
        books: dict[str, Runbook] = {}
        trouble: dict[str, str] = {}
        for path in self._files(trouble):
            name, stamp = str(path), _stamp(path)
            known = self._books.get(name)
            if known and self._stamps.get(name) == stamp:
                books[name] = known
                trouble |= {name: self.trouble[name]} if name in self.trouble else {}
                continue
            try:
                books[name] = read(path)
            except Refused as refused:
                trouble[name] = refused.sentence
                books |= {name: known} if known else {}
            self._stamps[name] = stamp
        self._books, self.trouble = books, trouble  # whoever reads meanwhile sees the old or the new, whole

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
        return match(facts, self.runbooks)

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

    def _files(self, trouble: dict[str, str]) -> list[Path]:
        found: list[Path] = []
        for name in self._paths:
            path = Path(name)
            if path.is_dir():
                found += sorted(path.rglob("*.md"))
            elif path.is_file():
                found.append(path)
            else:
                trouble[name] = "There is no such file or folder."
        return found


def _stamp(path: Path) -> tuple[int, int]:
    """Changes when the file does; zeros when it has gone."""
    try:
        stat = path.stat()
    except OSError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_size)


def read(path: Path) -> Runbook:
    """Read and parse one file. Raises `Refused` naming it when it cannot be read or is no text."""
    try:
        if path.stat().st_size > SIZE_MAX_BYTES:
            raise Refused(f"{path} is larger than {SIZE_MAX_BYTES // 1_000_000} MB: is it a runbook?", status=413)
        source = path.read_bytes()
    except OSError as trouble:
        raise Refused(f"The runbook {path} cannot be read: {trouble.strerror}.", status=404) from trouble
    if b"\x00" in source:
        raise Refused(f"{path} is no text file.", status=400)
    return parse(source, path=str(path), shell=shell)


def use_tables(paths: tuple[str, ...]) -> None:
    """Lay the site's guard tables over those built in. Raises `Refused` naming the file that is wrong, and its key."""
    files: list[tuple[str, str]] = []
    for path in paths:
        try:
            files.append((path, Path(path).read_text("utf-8")))
        except OSError as trouble:
            raise Refused(f"The guard table {path} cannot be read: {trouble.strerror}.", status=400) from trouble
        except UnicodeDecodeError as trouble:
            raise Refused(f"The guard table {path} is no UTF-8 text.", status=400) from trouble
    table.use(table.laid_over(files))


def judge(command: Command) -> Verdict:
    """The verdict on a command as it stands in the runbook, its placeholders holding harmless values."""
    return guard.judge(command.judged, parse=shell)


def stand_for(
    *, alert: Mapping[str, str], site: Mapping[str, str], person: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What placeholders stand for, by name.

    The site's own value beats an alert's label, which anybody with a hook token can send and a command that only
    reads would follow without a yes. A person's word beats both, because another person reads it before it runs.
    """
    return {**alert, **site, **(person or {})}


def prepare(command: Command, values: Mapping[str, str]) -> Filled:
    """Fill the placeholders and judge the very bytes that would run. Raises `Refused` when a value is missing."""
    text = fill(command, values)
    return Filled(command, text, guard.judge(text, parse=shell))
