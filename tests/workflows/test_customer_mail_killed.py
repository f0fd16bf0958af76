"""A letter to a thousand customers arrives once at each, though fireline is killed again and again on the way."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from fireline import clock
from fireline.core import incident, mailing
from fireline.core.customers import customer
from fireline.core.refusal import Refused
from fireline.house import build
from fireline.settings import load
from kiosk import RUNBOOK, until
from workflows.postbox import postbox

MANY = 1_000
KILLS = (150, 400, 700)  # mails that have arrived by then


@pytest.mark.req(92)
def test_killed_three_times_in_the_middle_each_gets_it_once_or_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "kiosk.md").write_text(RUNBOOK)
    with postbox() as box, (tmp_path / "errors").open("ab") as errors:
        (tmp_path / "fireline.toml").write_text(
            f'[server]\nport = 0\n[store]\nurl = "sqlite:///{tmp_path}/fireline.db"\nspool = "{tmp_path}/spool"\n'
            f'[runbooks]\npaths = ["{tmp_path}/kiosk.md"]\n'
            f'[smtp]\nhost = "127.0.0.1"\nport = {box.port}\nsecurity = "none"\nsender = "care@lantern.example"\n'
            "[customers]\npace = 0\n"
        )
        house = build(load(tmp_path / "fireline.toml"))
        house.database.migrate()
        house.durable.prepare()
        house.library.load()
        mail, ledger = house.customer_mail, house.ledger
        found = [customer(f"reader{n}@example.com") for n in range(MANY)]
        mail.customers.bring_in(found, clock.now(), by="ana")
        declared = partial(
            incident.declare, title="Shop down", severity="P1", severity_name="High", severity_why="",
            response_minutes=15, by="ana",
        )  # fmt: skip
        number = ledger.open(declared).number
        mail.draft(number, subject="FYI: the shop was down", text="It is up.", services=("shop",), by="ana")
        shown = mailing.digest(mailing.find(ledger.log(number), 1).drafted, mail.listed(("shop",)))
        mail.approve(number, 1, shown=shown, meant=True, by="ben")

        for kill in (*KILLS, None):
            serving = subprocess.Popen(
                [sys.executable, "-m", "fireline", "serve"], cwd=tmp_path, stdout=subprocess.DEVNULL,
                stderr=errors,
            )  # fmt: skip
            try:
                if kill:
                    until(lambda: serving.poll() is not None or len(box.mails) >= kill, 60)  # noqa: B023
                else:
                    until(lambda: serving.poll() is not None or mailing.find(ledger.log(number), 1).sent, 90)  # noqa: B023
                assert serving.poll() is None, (tmp_path / "errors").read_text()[-2000:]
            finally:
                serving.kill()
                serving.wait(10)

        counts = mail.copies.counts(number)[1]
        unknown = counts.get("unknown", 0)
        assert box.most() == 1
        assert counts["sent"] + unknown == MANY
        assert unknown <= len(KILLS)
        sent = {one.mail for one in mail.copies.shown(number, 1, ("sent",), MANY)}
        assert sent <= set(box.to())
        assert set(box.to()) | {one.mail for one in mail.trouble(number, 1)} == {one.mail for one in found}
        assert dict(mailing.find(ledger.log(number), 1).sent.counts) == counts  # type: ignore[union-attr]
        with pytest.raises(Refused, match="ben has approved"):
            mail.approve(number, 1, shown=shown, meant=True, by="cleo")
        house.database.close()
