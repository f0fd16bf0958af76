"""`fireline audit`: every row of every log carries the hash of the one before it; this recomputes them all."""

from __future__ import annotations

from cyclopts import App

from fireline import clock
from fireline.cli.house import database
from fireline.cli.server import Json
from fireline.cli.speak import as_json, say
from fireline.store.ledger import Ledger

app = App(name="audit", help="Prove that no log was changed.")


@app.command
def verify(*, json: Json = False) -> int:
    """Recompute every hash. Names the first row that is not what was written, and then ends with status 1."""
    with database() as one:
        ledger = Ledger(one, now=clock.now, enqueue=lambda _connection, _work: None)
        events, broken = ledger.heads(), ledger.verify()
    if json:
        row = {"incident": broken.incident, "seq": broken.seq, "why": broken.why} if broken else None
        as_json({"ok": broken is None, "events": events, "broken": row})
    elif broken:
        say(f"INC-{broken.incident}, event {broken.seq}: {broken.why}. From there on this log is not what was written.")
    else:
        say(f"All {events} events are as they were written.")
    return 1 if broken else 0
