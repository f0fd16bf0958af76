"""What was found stands above the output, and what ran beside the command: on the step and on its evidence."""

from __future__ import annotations

from functools import partial

import pytest

from fireline.core import command
from fireline.core.events import HOUSE
from web.told import Told

COUNT = "psql -c 'SELECT count(*) FROM pg_stat_activity'"
RAN = "asked db01:5432/shop as reader, in a session that cannot write"
FOUND = ("14 of 97 connections in use: web 9, worker 5.", "By state: idle 13, <b>active</b> 1.")


@pytest.mark.req(53, 60)
def test_a_step_and_its_evidence_lead_with_what_was_found(told: Told) -> None:
    number = told.declare()
    run = f"{number}.count"
    told.act(
        number,
        partial(
            command.start_read,
            run=run,
            step="count",
            title="Check database",
            command=COUNT,
            effect="read",
            rule="sql.select",
            unattended=True,
            purpose="diagnosis",
            by=HOUSE,
        ),
    )
    kept = told.house.evidence.keep(" count \n-------\n    17\n(1 row)\n\n")
    told.act(
        number,
        partial(
            command.finish,
            run=run,
            ending="ok",
            exit_code=0,
            seconds=0.01,
            evidence=kept,
            size=33,
            summary=FOUND[0],
            ran=RAN,
            findings=FOUND,
            by=HOUSE,
        ),
    )
    with told.browser("ben") as ben:
        pages = [ben.get(f"/incidents/{number}").text, ben.get(f"/incidents/{number}/evidence/{kept}").text]
    for page in pages:
        shown = page[page.index(f"What ran: {RAN}") :]
        assert shown.index(FOUND[0]) < shown.index("(1 row)")
        assert "&lt;b&gt;active&lt;/b&gt;" in shown, "what a database says is text"
    assert "SELECT count(*) FROM pg_stat_activity" in "".join(pages)
