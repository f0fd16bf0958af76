"""On the page mail to customers is written, approved by another and seen on its way; customers leave by one press."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from fireline import clock
from fireline.core import mailing
from fireline.core.customers import customer
from fireline.settings import CustomersSettings, PersonSettings, SmtpSettings
from kiosk import until
from web.told import Told, served
from workflows.postbox import Postbox, postbox

TYPED = {
    "choice": "Action Required", "began": "2026-03-02T12:00", "ended": "2026-03-02T12:50", "services": "lantern",
    "impact": "You could not pay.", "cause": "A disk was full.", "resolution": "We made room.",
    "prevention": "We watch it.",
}  # fmt: skip
WORDS = {"subject": "FYI: the shop was down", "text": "It is up.", "services": "lantern"}


@pytest.fixture(scope="module")
def box() -> Iterator[Postbox]:
    with postbox() as found:
        yield found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, box: Postbox) -> Iterator[Told]:
    """The house with a mail server and two customers."""
    settings: dict[str, Any] = {
        "smtp": SmtpSettings(host="127.0.0.1", port=box.port, security="none", sender="care@lantern.example"),
        "customers": CustomersSettings(pace=0),
        "people": {"ana": PersonSettings(mail="ana@lantern.example")},
    }
    with served(tmp_path_factory.mktemp("letters"), **settings) as house:
        mails = ("cleo@example.com", "dora@example.com")
        house.house.customer_mail.customers.bring_in(
            [customer(one, ("lantern",)) for one in mails], clock.now(), by="ana"
        )
        yield house


@pytest.fixture
def number(told: Told) -> int:
    return told.declare()


def write(told: Told, number: int, what: str = "", who: str = "ana", **form: str) -> httpx2.Response:
    with told.browser(who) as browser:
        return browser.post(f"/incidents/{number}/letters{what}", data=form)


def page(told: Told, number: int, who: str = "ana", what: str = "") -> str:
    with told.browser(who) as browser:
        answer = browser.get(f"/incidents/{number}/letters{what}")
        assert answer.status_code == 200
        return answer.text


@pytest.mark.req(91)
def test_the_form_fills_the_runbooks_words_and_keeps_nothing_by_that(told: Told, number: int) -> None:
    first = page(told, number)
    assert "<option selected>FYI</option>" in first
    assert "[What readers noticed]" in first
    answer = write(told, number, "/filled", **TYPED)
    assert answer.status_code == 200
    assert 'value="Action Required: Lantern Books was not at its best on 2 March 2026"' in answer.text
    assert "from 12:00 to 12:50 UTC" in answer.text
    assert "to 2 customers" in answer.text
    assert "[What readers noticed]" not in answer.text
    assert mailing.letters(told.house.ledger.log(number)) == ()
    assert write(told, number, "/filled", **TYPED | {"ended": "noon"}).status_code == 400


@pytest.mark.req(91, 92)
def test_drafted_tried_out_approved_by_another_and_seen_on_its_way(told: Told, number: int, box: Postbox) -> None:
    assert write(told, number, **WORDS).status_code == 303
    own = page(told, number)
    assert "You wrote it" in own
    assert "To 2 customers: customers of lantern" in own
    assert "Nobody has had it as a test mail" in own
    assert write(told, number, "/1/test").status_code == 303
    assert box.to()[-1] == "ana@lantern.example"
    other = page(told, number, "ben")
    assert "Nobody has had it as a test mail" not in other
    assert "Send these words to 2 customers" in other
    shown = re.search(r'name="shown" value="(\w+)"', other)
    assert shown
    assert write(told, number, "/1/yes", "ana", shown=shown[1]).status_code == 403
    assert write(told, number, "/1/yes", "ben", shown="x" * 64).status_code == 409
    assert write(told, number, "/1/yes", "ben", shown=shown[1]).status_code == 303

    def sent() -> bool:
        return mailing.find(told.house.ledger.log(number), 1).state == "sent"

    until(sent)
    assert sorted(box.to()[-2:]) == ["cleo@example.com", "dora@example.com"]
    after = page(told, number)
    assert "2 of 2 done" in after
    assert "2 handed over" in after
    assert 'hx-trigger="every 2s"' not in page(told, number, what="/1/progress")
    with told.browser() as browser:
        side = browser.get(f"/incidents/{number}").text
    assert "FYI: the shop was down" in side
    assert "2 customers" in side


def test_trouble_is_shown_with_a_button_and_addresses_only_to_those_who_act(
    told: Told, number: int, box: Postbox
) -> None:
    box.refuses = {"cleo@example.com": "550 no such person"}
    write(told, number, **WORDS)
    shown = re.search(r'name="shown" value="(\w+)"', page(told, number, "ben"))
    assert shown
    write(told, number, "/1/yes", "ben", shown=shown[1], meant="yes")

    until(lambda: mailing.find(told.house.ledger.log(number), 1).state == "sent")
    box.refuses = {}
    seen = page(told, number, what="/1/progress")
    assert "cleo@example.com" in seen
    assert "answered 550: no such person" in seen
    assert "cleo@example.com" not in page(told, number, "vera")
    again = re.search(r"/1/copies/(\d+)/again", seen)
    assert again
    assert write(told, number, again[0]).status_code == 303
    until(lambda: "cleo@example.com" in box.to()[-1:])
    until(lambda: mailing.find(told.house.ledger.log(number), 1).state == "sent")
    assert write(told, number, again[0]).status_code == 409


def test_the_preview_is_the_mail_and_cannot_run_anything(told: Told, number: int) -> None:
    write(told, number, **WORDS | {"text": "<script>alert(1)</script> & more"})
    html = page(told, number, what="/1/html")
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html
    assert "<script>alert" not in page(told, number)


def test_a_draft_is_taken_back_and_whoever_may_only_look_changes_nothing(told: Told, number: int) -> None:
    assert write(told, number, who="vera", **WORDS).status_code == 403
    write(told, number, **WORDS)
    seen = page(told, number, "vera")
    assert "It is up." in seen
    assert "Keep this draft" not in seen
    assert write(told, number, "/1/no", "ben", reason="too early").status_code == 303
    assert "took it back: too early" in page(told, number)


@pytest.mark.req(92)
def test_a_customer_leaves_by_a_button_or_by_their_mail_program(told: Told) -> None:
    mail = told.house.customer_mail.customers
    mail.bring_in([customer("gone@example.com", ("blog",))], clock.now(), by="ana")
    with told.house.database.reading() as connection:
        token = connection.exec_driver_sql("SELECT leave FROM customer WHERE mail = 'gone@example.com'").scalar_one()
    with told.browser(None) as stranger:
        first = stranger.get(f"/customers/leave/{token}")
        assert "Send me no more mail" in first.text
        assert mail.listed(("blog",)).count == 1
        form = {"List-Unsubscribe": "One-Click"}  # what RFC 8058 has mail programs send
        assert stranger.post(f"/customers/leave/{token}", data=form).status_code == 200
        assert stranger.post(f"/customers/leave/{token}").status_code == 200
        assert stranger.post("/customers/leave/nonsense").status_code == 200
        assert "INC" not in first.text
        assert stranger.get("/customers/list").status_code == 404
    assert mail.listed(("blog",)).count == 0
