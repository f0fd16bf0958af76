"""`fireline doctor`: is everything ready for a bad night? One line a check, with what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import msgspec
import sqlalchemy as sa

from fireline import clock
from fireline.cli.house import Config, open_database, spool
from fireline.cli.server import Json
from fireline.cli.speak import as_json, table
from fireline.connectors import probes
from fireline.core.guard import tree
from fireline.core.refusal import Refused
from fireline.core.runbook import Runbook
from fireline.core.runbook.damage import damage_of
from fireline.core.runbook.lint import lint
from fireline.durable import Standing, standing
from fireline.settings import Settings, load
from fireline.shell import parse, shfmt
from fireline.store import looks
from fireline.store.errands import Errands as Rows
from fireline.store.ledger import Ledger
from fireline.workflows.checkout import beside
from fireline.workflows.errands import known
from fireline.workflows.library import read
from fireline.workflows.on_call import read as read_roster
from fireline.workflows.on_call import unreachable, worries
from fireline.workflows.probes import addresses
from fireline.workflows.tables import read_tables

SKEW = timedelta(seconds=2)  # between this machine and the database: more, and clocks ring late
LATE = timedelta(seconds=15)  # more than a restart takes: somebody should have done it
LATE_WHY = {
    "clock": "Every replica rings what is due: is one running? If so, its log says `clock` and why.",
    "look": "Alerts were taken and nobody has decided about them: is a replica running? If so, its log says `look`.",
}
BASH = Path("/bin/bash")  # what the executor starts
# words that bash itself understands, so that no program has to be installed for them
BUILTINS = frozenset(
    """. : [ alias bg bind break builtin caller case cd command compgen complete continue declare dirs disown echo
    enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf
    pushd pwd read readarray readonly return set shift shopt source suspend test time times trap true type typeset
    ulimit umask unalias unset wait""".split()  # noqa: SIM905  # words, read as words
)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the doctor's. `state` is ok, warn or fail."""

    name: str
    state: Literal["ok", "warn", "fail"]
    said: str


def doctor(*, config: Config = None, json: Json = False) -> int:
    """Check that everything is ready for a bad night. Ends with status 1 when something fails."""
    checks = list(_all(config))
    if json:
        as_json(checks)
    else:
        table("", ("check", "", "says"), [(one.name, one.state, one.said) for one in checks])
    return 1 if any(one.state == "fail" for one in checks) else 0


def _all(config: Path | None) -> Iterator[Check]:
    try:
        settings = load(config)
    except Refused as no:
        yield _fail("settings", no.sentence)
        return
    yield _ok("settings", f"read; pages at {settings.base_url}")
    yield from _database(settings)
    yield _spool(settings)
    yield _shfmt()
    yield _tables(settings)
    yield _ok("bash", str(BASH)) if os.access(BASH, os.X_OK) else _fail("bash", f"{BASH} is missing: install bash.")
    books = [*_books(settings)]
    yield from (one for one in books if isinstance(one, Check))
    found = [one for one in books if isinstance(one, Runbook)]
    yield from _programs(settings, found)
    yield from (check for book in found for check in _findings(book))
    yield from _health(settings, found)
    yield from _waking(settings)
    yield from _lanes(settings)


def _database(settings: Settings) -> Iterator[Check]:
    try:
        database = open_database(settings)
        here, wanted = database.revision()
    except Refused as no:
        yield _fail("database", no.sentence)
        return
    where = database.url.render_as_string(hide_password=True)
    if here is None:
        yield _warn("database", f"{where} answers and is empty; `fireline serve` makes its tables")
    elif here != wanted:
        yield _warn("database", f"{where} is at {here}, this release wants {wanted}; `fireline serve` brings it there")
    else:
        yield _ok("database", f"{where} answers, at {here}")
        ledger = Ledger(database, now=clock.now, enqueue=lambda _connection, _work: None)
        if broken := ledger.verify():
            yield _fail("audit", f"INC-{broken.incident}, event {broken.seq} is {broken.why}: `fireline audit verify`")
        else:
            yield _ok("audit", f"{ledger.heads()} events as they were written")
        yield from _work(standing(database, clock.now()))
        yield from _runners(settings, Rows(database, settings.runners.lease_seconds))
        if count := looks.stuck(database):
            yield _warn("looks", f"{count} looks at alerts fail again and again; the log of `fireline serve` says why")
    with database.reading() as connection:
        yield _clock(None if database.is_sqlite else connection.scalar(sa.select(sa.func.now())))
    database.close()


def _work(found: Standing) -> Iterator[Check]:
    """Who does the work, and what should have been done by now."""
    if found.replicas:
        each = "; each takes alerts, rings clocks and does what follows" if len(found.replicas) > 1 else ""
        yield _ok("replicas", f"{len(found.replicas)} alive: {', '.join(found.replicas)}{each}")
    else:
        yield _warn("replicas", "none is alive: nothing is done until `fireline serve` runs")
    late = {what: seconds for what, seconds in found.late.items() if seconds > LATE.total_seconds()}
    for what, seconds in late.items():
        yield _fail("work", f"the oldest {what} is {seconds:.0f} s overdue. {LATE_WHY[what]}")
    if not late:
        yield _ok("work", "no clock and no look at alerts is overdue")


def _runners(settings: Settings, rows: Rows) -> Iterator[Check]:
    """Each runner that the settings name or that was heard of: whether it lives, and what it does."""
    lanes = {"read": settings.lanes.read.runner, "write": settings.lanes.write.runner}
    for one in known(rows, settings.pinned, lanes, clock.now()):
        if one.seen_at is None:
            yield _warn("runner", f"{one.name} was never heard of: what goes to it does not run. See docs/runner.md.")
            continue
        seen = f"{one.name} on {one.host or 'a host without a name'}, last heard of {one.seen_at:%d %b %H:%M:%S} UTC"
        busy = f"; it runs {', '.join(run.run for run in one.doing)}" if one.doing else ""
        yield _ok("runner", f"{seen}{busy}") if one.alive else _warn("runner", f"{seen}: is it down?")


def _clock(theirs: object) -> Check:
    """Every promise is counted by this clock, so it is compared with the database's, where that has one."""
    ours = clock.now()
    if theirs is not None and abs(ours - theirs) > SKEW:  # type: ignore[operator]  # a time, by the query
        return _fail("clock", f"this machine says {ours:%H:%M:%S}, the database {theirs:%H:%M:%S}. Set up NTP on both.")
    if ours.year < 2025:
        return _fail("clock", f"this machine says {ours:%d %b %Y}. Set the time.")
    return _ok("clock", f"{ours:%d %b %Y %H:%M:%S} UTC" + ("" if theirs is None else ", and the database agrees"))


def _books(settings: Settings) -> Iterator[Check | Runbook]:
    for name in settings.runbooks.paths:
        path = Path(name)
        files = sorted(path.rglob("*.md")) if path.is_dir() else [path]
        if not path.exists() or not files:
            yield _warn("runbooks", f"there is no runbook at {name}: alerts match nothing. Set [runbooks] paths.")
            continue
        for file in files:
            try:
                yield read(file)
            except Refused as no:
                yield _fail("runbooks", no.sentence)


def _findings(book: Runbook) -> Iterator[Check]:
    """One line a runbook, and one for what will hurt most: numbers that nobody can call, reviews long due."""
    found = lint(book, exists=beside(Path(book.path)), today=clock.now().date())
    if hurt := damage_of(book):
        yield _fail("runbook", f"{book.path}:{hurt.line}: {hurt.message} A running fireline keeps the version before.")
    errors = sum(one.severity == "error" for one in found)
    said = f"{book.path}: {len(book.scenarios)} scenarios, {len(book.commands)} commands"
    if found:
        said += f"; {len(found)} findings, {errors} of them errors: `fireline runbook check {book.path}`"
        yield _warn("runbook", said)
    else:
        yield _ok("runbook", said)
    for one in found:
        if one.code in {"phone-placeholder", "review-overdue", "review-unreadable"}:
            yield _warn(one.code, f"{book.path}:{one.line}: {one.message}")


def _programs(settings: Settings, books: list[Runbook]) -> Iterator[Check]:
    used: dict[str, str] = {}
    for book in books:
        for command in book.commands:
            if not command.manual:
                for program in programs(parse(command.judged)):
                    used.setdefault(program, f"{book.path}:{command.line}")
    missing = {one: where for one, where in used.items() if not shutil.which(one, path=settings.lanes.read.path)}
    if missing:
        names = ", ".join(f"{one} ({where})" for one, where in sorted(missing.items()))
        yield _warn("programs", f"the runbooks use what is not on the read lane's path: {names}")
    elif used:
        yield _ok("programs", f"all {len(used)} that the runbooks use are installed")


def programs(node: object) -> Iterator[str]:
    """The programs a shell text starts: first words of its commands, where those stand for themselves."""
    if isinstance(node, tree.Call) and node.words:
        parts = node.words[0].parts
        name = parts[0].text if len(parts) == 1 and isinstance(parts[0], tree.Literal) else ""
        if name and name not in BUILTINS and "=" not in name:
            yield name
    if isinstance(node, msgspec.Struct):
        for field in node.__struct_fields__:
            yield from programs(getattr(node, field))
    elif isinstance(node, tuple):
        for one in node:
            yield from programs(one)


def _health(settings: Settings, books: list[Runbook]) -> Iterator[Check]:
    """Every health address asked at once. One that is unwell now is no fault of the house's, so it is a warning."""
    for seen in probes.check_all([one.url for one in addresses(settings.probes, books)]):
        yield (_ok if seen.verdict == probes.Verdict.UP else _warn)("health", f"{seen.verdict}: {seen.detail}")


def _waking(settings: Settings) -> Iterator[Check]:
    """Somebody is woken, by PagerDuty or by this house."""
    try:
        roster = read_roster(settings)
    except Refused as no:
        yield _fail("on call", no.sentence)
        return
    if settings.pager:
        yield _pagerduty(settings)
    elif not roster.asks:
        yield _warn("pagerduty", "not set up, and no chain of on-call either: nobody is woken. See docs/on-call.md.")
    found = [*worries(roster, clock.now()), *unreachable(settings)]
    yield from (_warn("on call", worry) for worry in found)
    if roster.asks and not found:
        yield _ok("on call", f"{len(roster.ladders)} chains, {len(roster.rotas)} rotations without a hole in two weeks")


def _pagerduty(settings: Settings) -> Check:
    assert settings.pager
    seen = probes.check(settings.pager.url)
    if seen.status is None:
        return _fail("pagerduty", f"{seen.detail} Pages will wait until it can be reached.")
    return _ok("pagerduty", "set up, and it can be reached (no page was sent)")


def _lanes(settings: Settings) -> Iterator[Check]:
    for name, lane in (("read", settings.lanes.read), ("write", settings.lanes.write)):
        if Path(lane.directory).is_dir():
            yield _ok(f"{name} lane", f"in {Path(lane.directory).resolve()}, up to {lane.seconds:g} s a command")
        else:
            yield _fail(f"{name} lane", f"its folder {lane.directory} is not there. Set [lanes.{name}] directory.")
    if settings.lanes.read.environment == settings.lanes.write.environment:
        yield _warn("lanes", "both have the same credentials. Give [lanes.read] environment some that cannot write.")


def _spool(settings: Settings) -> Check:
    try:
        spool(Path(settings.store.spool))
    except Refused as no:
        return _fail("spool", no.sentence)
    return _ok("spool", f"{settings.store.spool} can be written")


def _shfmt() -> Check:
    path = shfmt()
    return _ok("shfmt", path) if path else _fail("shfmt", "not here: no command can be judged. Install shfmt-py.")


def _tables(settings: Settings) -> Check:
    try:
        read_tables(settings.guard.tables)
    except Refused as no:
        return _fail("guard", no.sentence)
    return _ok("guard", f"its own tables and {len(settings.guard.tables)} of this site")


def _ok(name: str, said: str) -> Check:
    return Check(name=name, state="ok", said=said)


def _warn(name: str, said: str) -> Check:
    return Check(name=name, state="warn", said=said)


def _fail(name: str, said: str) -> Check:
    return Check(name=name, state="fail", said=said)
