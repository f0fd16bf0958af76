"""A long output is read on its page without scripts: ends, page, word; files go in and come back as they were."""

from __future__ import annotations

import re
from functools import partial
from hashlib import sha256

import pytest

from fireline import clock
from fireline.core import attachment, command
from fireline.core.events import HOUSE
from web.told import Told

LONG = "".join(f"row {n}{' <b>needle</b>' if n % 10_000 == 7 else ''} {'x' * 30}\n" for n in range(1, 40_001))


def ran(told: Told, number: int, run: str = "r1") -> None:
    start = partial(
        command.start_read, run=run, step=run, title="Read the log", command="cat log", effect="read", rule="cat",
        unattended=True, purpose="diagnosis", by=HOUSE,
    )  # fmt: skip
    told.house.ledger.act(number, start)


def ended(told: Told, number: int) -> str:
    ran(told, number)
    kept = told.house.evidence.keep_stream(iter([LONG.encode()]), clock.now())
    finish = partial(
        command.finish, run="r1", ending="ok", exit_code=0, seconds=1.0, evidence=kept.digest, size=kept.size, masked=3,
        by=HOUSE,
    )  # fmt: skip
    told.house.ledger.act(number, finish)
    return kept.digest


@pytest.mark.req(60)
def test_a_long_output_shows_its_ends_its_pages_and_the_lines_with_a_word(told: Told) -> None:
    number = told.declare()
    digest = ended(told, number)
    path = f"/incidents/{number}/evidence/{digest}"
    with told.browser() as ana:
        incident = ana.get(f"/incidents/{number}").text
        page, found, later = ana.get(path).text, ana.get(f"{path}?q=NEEDLE").text, ana.get(f"{path}?line=20001").text
        raw = ana.get(f"{path}.txt")
        wrong = ana.get(f"{path}?line=99999")
    assert "3 secrets masked" in incident
    assert len(incident) < 500_000
    assert "39600 lines more" in page
    assert "row 1 x" in page
    assert "row 40000 x" in page
    assert "row 300 x" not in page
    assert "3 secrets masked" in page
    assert re.findall(r'aria-label="Line (\d+)"', found) == ["7", "10007", "20007", "30007"]
    assert "row 10007 &lt;b&gt;needle&lt;/b&gt;" in found
    assert "Lines 20001 to 20400 of 40000" in later
    assert raw.text == LONG
    assert raw.headers["content-type"].startswith("text/plain")
    assert raw.headers["content-length"] == str(len(LONG))
    assert raw.headers["content-disposition"] == f'inline; filename="INC-{number}-read-the-log.txt"'
    assert wrong.status_code == 400


@pytest.mark.req(48)
def test_a_running_command_is_cancelled_from_its_step(told: Told) -> None:
    number = told.declare()
    ran(told, number)
    path = f"/incidents/{number}/runs/r1/cancellation"
    with told.browser() as ana:
        assert f'action="{path}"' in ana.get(f"/incidents/{number}").text
        assert ana.post(path, data={"reason": ""}).status_code == 400
        assert ana.post(path, data={"reason": "it takes the disk"}).status_code == 303
        page = ana.get(f"/incidents/{number}").text
        assert ana.post(path, data={"reason": "me too"}).status_code == 409
    assert "cancels it: it takes the disk" in page
    assert f'action="{path}"' not in page


@pytest.mark.req(58)
def test_a_file_goes_in_by_a_plain_form_and_comes_back_as_it_was(told: Told) -> None:
    number = told.declare()
    dump = bytes(range(256)) * 9000
    path = f"/incidents/{number}/attachments"
    with told.browser() as ana:
        answer = ana.post(path, files={"file": ("../heap <1>.bin", dump)}, data={"note": "after 10 min"})
        assert answer.status_code == 303
        page = ana.get(f"/incidents/{number}").text
        back = ana.get(f"/incidents/{number}/evidence/{sha256(dump).hexdigest()}")
        assert ana.post(path, files={"file": ("b.bin", dump)}).status_code == 409
        assert ana.post(path, data={"note": "no file"}).status_code == 400
    assert "heap 1 .bin" in page
    assert "after 10 min" in page
    assert back.content == dump
    assert back.headers["content-type"] == "application/octet-stream"
    assert back.headers["content-disposition"].startswith("attachment; ")
    (file,) = attachment.attached(told.house.ledger.log(number))
    assert (file.evidence, file.size) == (sha256(dump).hexdigest(), len(dump))


def test_who_may_only_look_is_offered_nothing_to_do(told: Told) -> None:
    number = told.declare()
    ran(told, number)
    with told.browser("vera") as vera:
        page = vera.get(f"/incidents/{number}").text
        assert vera.post(f"/incidents/{number}/runs/r1/cancellation", data={"reason": "x"}).status_code == 403
        assert vera.post(f"/incidents/{number}/attachments", files={"file": ("a", b"x")}).status_code == 403
    assert "/cancellation" not in page
    assert "/attachments" not in page
