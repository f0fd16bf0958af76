"""`fireline rules`: what the rules of a settings file make of alerts, tried before they count."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from fireline.cli.server import Json
from fireline.cli.speak import table
from fireline.core.refusal import Refused

if TYPE_CHECKING:
    from fireline.core.alert import Alert
    from fireline.core.join import Near

app = App(name="rules", help="Which alerts declare, are suggested, or are ignored.")

File = Annotated[Path, Parameter(help="A settings file with [[rules]].")]
COLUMNS = ("line", "alert", "service", "do", "severity", "rule", "scenario", "joins", "why")


@app.command(name="test")
def try_out(file: File, /, *, json: Json = False) -> int:
    """Say what the rules of FILE make of the alerts on standard input, one JSON document a line.

    A line is an alert as Alertmanager's API v2 takes it, a webhook of version 4, or an alert as fireline keeps it.
    Nothing is asked and nothing is written: no server, no database. Status 1 when a line could not be read.
    """
    from fireline.clock import now

    judge = _Bench(file)
    rows, bad = [], 0
    for number, line in enumerate(sys.stdin.buffer, 1):
        if not line.strip():
            continue
        try:
            rows += [judge(number, alert) for alert in _alerts(line.strip(), now())]
        except Refused as no:
            bad += 1
            print(f"line {number}: {no.sentence}", file=sys.stderr)
    if json or not sys.stdout.isatty():
        import msgspec

        sys.stdout.write("".join(f"{msgspec.json.encode(row).decode()}\n" for row in rows))
    else:
        table("", COLUMNS, [[row[column] for column in COLUMNS] for row in rows])
    return 1 if bad else 0


class _Bench:
    """Judges alerts one after another, remembering which of them would have opened an incident."""

    def __init__(self, file: Path) -> None:
        from datetime import timedelta

        from fireline.core.rules import Rules
        from fireline.house import build
        from fireline.settings import load
        from fireline.workflows.weigh import Weigh

        settings = load(file)
        house = build(settings)  # puts the parts together and touches nothing
        house.library.load()
        self._weigh = Weigh(house.declare, Rules(settings.rules), settings.alerts.declare)
        self._together = timedelta(minutes=settings.alerts.together_minutes)
        self._open: dict[str, int] = {}  # fault -> the line that would have declared
        self._near: list[Near] = []

    def __call__(self, line: int, alert: Alert) -> dict[str, Any]:
        """What would become of this alert."""
        from fireline.core.join import Near, place

        found = self._weigh(alert)
        joins = None
        if alert.firing and found.do != "ignore":
            joins = place(
                alert,
                service=found.own_service,
                about=found.about,
                known=None,
                same_fault=self._open.get(found.key),
                near=self._near,
                together=self._together,
            )
            if joins is None and found.do == "declare":
                self._open[found.key] = line
                service = found.own_service
                self._near += [Near(number=line, service=service, began=alert.starts_at)] if service else []
        return {
            "line": line,
            "alert": alert.name,
            "service": found.service,
            "do": "nothing, it is over" if not alert.firing else "join" if joins else found.do,
            "rule": found.rule.name if found.rule else None,
            "why": found.why,
            "severity": found.suggestion.severity.id,
            "severity_why": found.suggestion.why,
            "scenario": found.found.scenario.title if found.found else None,
            "joins": joins.why.replace(f"INC-{joins.number}", f"line {joins.number}") if joins else None,
        }


def _alerts(line: bytes, at: datetime) -> Iterator[Alert]:
    """The alerts of one line. Raises `Refused` in words."""
    import msgspec

    from fireline.connectors.alertmanager import from_api, from_webhook
    from fireline.core.alert import Alert

    try:
        raw = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as trouble:
        raise Refused(f"This is no JSON: {trouble}.", status=400) from None
    match raw:
        case {"alerts": _}:
            yield from from_webhook(line)
        case {"source": str(), "labels": _}:
            try:
                yield msgspec.json.decode(line, type=Alert)
            except msgspec.ValidationError as trouble:
                raise Refused(f"This is no alert as fireline keeps it: {trouble}.", status=400) from None
        case list():
            yield from from_api(line, at)
        case _:
            yield from from_api(b"[" + line + b"]", at)
