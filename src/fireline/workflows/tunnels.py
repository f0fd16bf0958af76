"""Tunnels: a port-forward that people said yes to, held open for a while and never longer than we live."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fireline.core import command, incident, lease
from fireline.core.events import HOUSE
from fireline.core.incident import Incident
from fireline.core.redaction import mask, secret_values
from fireline.core.refusal import Refused
from fireline.store import clocks
from fireline.workflows.walk import Walk

RESTARTED = "fireline was restarted, and no tunnel survives that"


@dataclass(frozen=True, slots=True)
class Tunnels:
    """Opens, ends and remembers tunnels."""

    walk: Walk
    minutes: float

    def open(self, number: int, ask: int) -> None:
        """Open it, and list it with its end. Asked again after a restart, it is lost and not opened anew."""
        ledger, run = self.walk.ledger, f"{number}.ask{ask}"
        if run in ledger.read(number).runs:
            self._finish(run, RESTARTED, "")
            return
        minutes = min(self.minutes, lease.MINUTES_MAX)
        try:
            stays = self.walk.hold(number, ask, minutes * 60, self._finish)
        except Refused as refused:
            text = f"Approval {ask} was not used: {refused.sentence}"
            ledger.offer(number, partial(incident.note, text=text, by=HOUSE), key=f"unused:{run}")
            return
        if stays:
            text = ledger.read(number).runs[run].started.command
            deed = partial(lease.begin, run=run, command=text, minutes=minutes, by=HOUSE)
            ledger.offer(number, deed, key=f"lease:{run}")

    def end(self, number: int, which: int, *, by: str, key: str | None = None) -> Incident:
        """Somebody ends it now."""
        now = self.walk.ledger.act(number, partial(lease.end, lease=which, why=f"{by} ended it", by=by), key=key)
        for one in lease.leases(self.walk.ledger.log(number)):
            if one.number == which:
                self.walk.runs.let_go(one.began.run)
        return now

    def end_all(self, number: int, why: str) -> None:
        """End every tunnel of an incident that is over, or those that a restart has cut."""
        for one in lease.leases(self.walk.ledger.log(number)):
            if not one.ended:
                deed = partial(lease.end, lease=one.number, why=why, by=HOUSE)
                self.walk.ledger.offer(number, deed, key=f"lease end:{one.began.run}")
                self.walk.runs.let_go(one.began.run)
                if why == RESTARTED:
                    self._finish(one.began.run, why, "")

    def after_restart(self) -> None:
        """Say of what was open that it is closed. Where several houses share a database, its clock says so instead."""
        if self.walk.ledger.database.is_sqlite:
            for number in clocks.waiting_for(self.walk.ledger.database, "lease"):
                self.end_all(number, RESTARTED)

    def close(self) -> None:
        """The house closes, and so do they."""
        self.walk.runs.let_go()

    def _finish(self, run: str, why: str, said: str) -> None:
        number, ledger = int(run.partition(".")[0]), self.walk.ledger
        started = ledger.read(number).runs[run].started
        hidden = mask(said, secret_values(self.walk.runs.lanes[started.lane].environment))
        deed = partial(
            command.finish,
            run=run,
            ending="interrupted" if why == RESTARTED else "failed" if why == "it ended by itself" else "ok",
            exit_code=None,
            seconds=(self.walk.runs.now() - started.at).total_seconds(),
            evidence=self.walk.runs.evidence.keep(hidden.text),
            size=len(hidden.text.encode()),
            masked=hidden.count,
            summary=why,
            by=HOUSE,
        )
        ledger.offer(number, deed, key=f"finish:{run}")
        for one in lease.leases(ledger.log(number)):
            if one.began.run == run and not one.ended:
                ended = partial(lease.end, lease=one.number, why=why, by=HOUSE)
                ledger.offer(number, ended, key=f"lease end:{run}")
