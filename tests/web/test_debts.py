"""Stopgaps on the incident's page: listed with what to do about each, and the gate they hold shut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fireline.core import debt
from fireline.workflows.propose import Back
from web.told import Told


@pytest.mark.req(74, 75)
def test_a_stopgap_is_listed_owned_and_settled_by_forms(told: Told) -> None:
    number = told.declare()
    at = f"/incidents/{number}"
    with told.browser() as ana:
        wish = {"what": "payments run on the backup", "undo": "echo main > provider", "minutes": "60"}
        assert ana.post(f"{at}/debts", data=wish).status_code == 303
        page = ana.get(at).text
        assert "1 of 1 open" in page
        assert "<code>echo main &gt; provider</code>" in page
        assert "Temporary changes undone or owned" in page
        day = f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%d}"
        assert ana.post(f"{at}/debts/1/owner", data={"owner": "ben", "day": "soon"}).status_code == 400
        assert ana.post(f"{at}/debts/1/owner", data={"owner": "ben", "day": day}).status_code == 303
        assert "0 of 1 open" in ana.get(at).text
        assert ana.post(f"{at}/debts/1/undoing").status_code == 303
        assert "Take back: payments run on the backup" in ana.get(at).text
        assert ana.post(f"{at}/debts/1/settlement", data={"said": "switched back by hand"}).status_code == 303
        assert "undone" in ana.get(at).text
    assert debt.debts(told.house.ledger.log(number))[0].state == "undone"


@pytest.mark.req(129)
def test_the_approval_shows_what_reverts_by_itself(told: Told) -> None:
    number = told.declare()
    back = Back(minutes=30, command="echo 10 > limit")
    told.house.propose.text(number, "echo 100 > limit", reason="partners are blocked", by="ben", back=back)
    with told.browser() as ana:
        page = ana.get(f"/incidents/{number}").text
    assert "And reverts by itself in 30 minutes:" in page


@pytest.mark.req(65)
def test_monitoring_without_a_check_wants_a_reason(told: Told) -> None:
    number = told.declare()
    with told.browser() as ana:
        no = ana.post(f"/incidents/{number}/status", data={"status": "Monitoring"})
        assert (no.status_code, "Nothing has verified" in no.text) == (409, True)
        ana.post(f"/incidents/{number}/status", data={"status": "Monitoring", "why": "the dashboard is green"})
        assert "NOT VERIFIED" in ana.get(f"/incidents/{number}").text
