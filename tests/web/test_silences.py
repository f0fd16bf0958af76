"""Silences on pages: made by a form that names the alert, seen by everybody, ended by whoever may act."""

from __future__ import annotations

import re

from fireline.core.alert import Alert
from web.told import Told

DISKS = {"matchers": 'service="disks", alertname=~"Disk.*"', "reason": "disks are <swapped>", "length": "2h"}


def test_a_silence_is_made_by_a_form_shown_escaped_and_ended(told: Told) -> None:
    with told.browser() as ana:
        made = ana.post("/silences", data=DISKS)
        assert (made.status_code, made.headers["location"]) == (303, "/silences")
        page = ana.get("/silences").text
        assert "disks are &lt;swapped&gt;" in page
        number = re.search(r"/silences/(\d+)/ending", page)
        assert number
    with told.browser("ben") as ben:
        ben.post(f"/silences/{number[1]}/ending")
        assert "ended by Ben" in ben.get("/silences").text


def test_the_form_is_filled_with_what_names_the_alert(told: Told) -> None:
    alert = Alert(
        source="prometheus", labels={"alertname": "DiskFull", "service": "disks", "noise": "x"}, starts_at=told.times()
    )
    told.house.alerts.take([alert], told.times())
    with told.browser() as ana:
        page = ana.get(f"/silences?alert={alert.fingerprint}").text
    assert 'value="alertname=&#34;DiskFull&#34;, service=&#34;disks&#34;"' in page


def test_what_is_wrong_is_said_and_nothing_is_silenced(told: Told) -> None:
    with told.browser() as ana:
        for wrong in ({"matchers": "x"}, {"reason": ""}, {"length": "soon"}, {"starts_at": "tomorrow"}, {"kind": "x"}):
            assert ana.post("/silences", data=DISKS | {"reason": "never kept"} | wrong).status_code == 400
        assert "never kept" not in ana.get("/silences").text


def test_who_may_only_look_sees_them_without_buttons(told: Told) -> None:
    with told.browser() as ana:
        ana.post("/silences", data=DISKS | {"reason": "seen by vera"})
    with told.browser("vera") as vera:
        page = vera.get("/silences").text
        assert "seen by vera" in page
        assert 'action="/silences' not in page
        assert vera.post("/silences", data=DISKS).status_code == 403
