"""Work that outlives a restart: step, clock, wait. The only module that knows the engine, DBOS Transact.

The ledger writes work into its own transaction through `enqueue`, so what follows from an event is as
durable as the event. Workflows are few and have fixed names, because a row with a name that a running
release does not know would wait for ever: `effect` (one call to the outside) and `walk` (a runbook, told
top to bottom). Everything is at-least-once: what they call is named by a key and does nothing the second
time. Clocks are rows of our own, rung by `ringer`; looks at alerts are, too (`fireline.workflows.looks`).
"""

from fireline.durable.engine import KEEP, Durable
from fireline.durable.ringer import Rung
from fireline.durable.standing import Standing, standing
from fireline.durable.work import Handlers, step, wait, walk_id

__all__ = ["KEEP", "Durable", "Handlers", "Rung", "Standing", "standing", "step", "wait", "walk_id"]
