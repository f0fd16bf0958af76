"""A letter goes to each customer of the service once, by real SMTP; whoever left gets none, and trouble is told."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from fireline import clock
from fireline.connectors.smtp import Smtp
from fireline.core import mailing
from fireline.core.refusal import Refused
from fireline.house import build
from fireline.settings import CustomersSettings, Runbooks, Settings, Store
from fireline.store.database import Database
from fireline.workflows.mailer import Letterhead, Mailer
from workflows.postbox import Postbox, words
from workflows.storefront import Shop, Times


@pytest.mark.req(91)
def test_the_mail_is_the_runbooks_words_in_two_forms_and_says_how_to_leave(shop: Shop, box: Postbox) -> None:
    shop.draft()
    shop.mail.test(shop.number, 1, by="ana")
    shop.approve(meant=False)
    shop.look()
    [(to, test), *copies] = box.mails
    assert (to, test["Subject"][:6]) == ("ana@lantern.example", "[Test]")
    assert sorted(to for to, _ in copies) == ["cleo@example.com", "dora@example.com", "emil@example.com"]
    mail = dict(copies)["cleo@example.com"]
    drafted = mailing.find(shop.ledger.log(shop.number), 1).drafted
    assert mail["Subject"].startswith("FYI: Lantern Books")
    assert (mail["To"], mail["Reply-To"]) == ("cleo@example.com", "help@lantern.example")
    assert "care@lantern.example" in mail["From"]
    assert mail.get_content_type() == "multipart/alternative"
    assert "this did not work as it should: Web shop." in drafted.text
    assert drafted.text in words(mail, "text/plain")
    assert "schade" in words(mail, "text/html")
    assert "You could not pay — schade." in words(mail, "text/plain")
    assert all(raw.isascii() for raw in box.raw)
    link = mail["List-Unsubscribe"].strip("<>")
    assert link.startswith("https://fireline.lantern.example/customers/leave/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in words(mail, "text/plain")
    assert len({one["List-Unsubscribe"] for _, one in copies}) == 3
    assert len({one["Message-ID"] for _, one in copies}) == 3
    assert box.senders[1:] == ["bounces@lantern.example"] * 3
    assert box.connections == 2  # the test, and one for all copies
    assert shop.counts() == {"sent": 3}
    assert mailing.find(shop.ledger.log(shop.number), 1).state == "sent"


def test_letters_of_one_incident_are_one_thread(shop: Shop, box: Postbox) -> None:
    for number in (1, 2):
        shop.draft()
        shop.approve(number)
        shop.look()
    first, second = (dict(box.mails[begin : begin + 3])["cleo@example.com"] for begin in (0, 3))
    root, before = second["References"].split()
    assert (root, before) == (first["References"], first["Message-ID"])
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]
    assert "142" not in root


@pytest.mark.req(92)
def test_whoever_has_left_gets_nothing_even_after_the_yes_and_stays_away(shop: Shop, box: Postbox) -> None:
    shop.mail.customers.leave(clock.now(), mail="Cleo@example.com")
    shop.bring_in("cleo@example.com")
    shop.draft()
    shop.approve()
    shop.look(0)
    shop.mail.customers.leave(clock.now(), mail="dora@example.com")
    shop.look()
    assert box.to() == ["emil@example.com"]
    assert shop.counts() == {"sent": 1, "left": 1}


def test_a_list_that_changed_under_the_yes_is_refused_and_nothing_goes_out(shop: Shop, box: Postbox) -> None:
    shop.draft()
    shown = shop.shown()
    shop.bring_in("new@example.com")
    with pytest.raises(Refused, match="not the ones you were shown"):
        shop.mail.approve(shop.number, 1, shown=shown, meant=True, by="ben")
    # the very last moment: read before, changed before the event is written
    listed = shop.mail.listed(("shop",))
    shown = shop.shown()
    shop.bring_in("newer@example.com")
    with pytest.raises(Refused, match="just changed"):
        shop.ledger.act(
            shop.number,
            partial(
                mailing.approve, number=1, shown=shown, who=listed, known=shop.mail.publish.inside(
                    shop.ledger.log(shop.number), shop.ledger.read(shop.number)
                ), template="", meant=True, by="ben",
            ),
        )  # fmt: skip
    assert mailing.find(shop.ledger.log(shop.number), 1).state == "draft"
    shop.look()
    assert box.mails == []


@pytest.mark.req(91, 93)
def test_a_blank_a_host_and_a_name_are_found_before_anybody_says_yes(shop: Shop) -> None:
    shop.draft(cause="")
    with pytest.raises(Refused, match=r"\[The reason, in plain words\]"):
        shop.approve(1)
    shop.draft(cause="Ana found db01:9187 full.")
    with pytest.raises(Refused, match="Somebody's name: “Ana”"):
        shop.approve(2, meant=False)


def test_what_cannot_be_taken_now_goes_later_and_what_is_refused_is_told(
    shop: Shop, box: Postbox, times: Times
) -> None:
    box.refuses = {"dora@example.com": "550 no such person", "emil@example.com": "451 greylisted"}
    shop.draft()
    shop.approve()
    shop.look()
    assert shop.counts() == {"sent": 1, "refused": 1, "waiting": 1}
    box.refuses = {}
    shop.look()
    assert len(box.mails) == 1  # not before its time
    times.ahead = timedelta(minutes=2)
    shop.look()
    assert sorted(box.to()) == ["cleo@example.com", "emil@example.com"]
    [row] = shop.mail.trouble(shop.number, 1)
    assert (row.mail, row.state) == ("dora@example.com", "refused")
    assert "550" in row.reason
    shop.mail.send_again(shop.number, 1, customer=row.customer, by="ana")
    shop.look()
    assert box.to()[-1] == "dora@example.com"
    assert box.most() == 1
    with pytest.raises(Refused, match="nothing to send again"):
        shop.mail.send_again(shop.number, 1, customer=row.customer, by="ana")


@pytest.mark.req(92)
def test_a_mail_whose_answer_was_lost_is_not_known_and_never_sent_again_by_itself(
    shop: Shop, box: Postbox, times: Times
) -> None:
    box.hangs_up_on = {"dora@example.com"}
    shop.draft()
    shop.approve()
    for minutes in (0, 10, 60):
        times.ahead = timedelta(minutes=minutes)
        shop.look()
    assert shop.counts() == {"sent": 2, "unknown": 1}
    assert box.most() == 1
    assert "may have arrived" in shop.mail.trouble(shop.number, 1)[0].reason


def test_a_server_that_lets_nobody_in_costs_no_customer_their_letter(shop: Shop, box: Postbox, times: Times) -> None:
    shop.draft()
    shop.approve()
    box.answers = ["421 closing"]
    shop.look()
    assert shop.counts() == {"waiting": 3}
    assert "answered 421" in shop.mail.copies.held_up(shop.number)[1]
    times.ahead = timedelta(minutes=5)
    shop.look()
    assert shop.counts() == {"sent": 3}
    assert box.most() == 1


def test_a_letter_is_stopped_before_it_is_out(shop: Shop, box: Postbox) -> None:
    shop.draft()
    shop.approve()
    shop.mail.withdraw(shop.number, 1, reason="wrong day", by="ben")
    shop.look()
    assert box.mails == []
    assert shop.counts() == {"stopped": 3}


def test_many_mails_go_over_one_connection_at_the_pace_that_is_set(tmp_path: Path, box: Postbox, times: Times) -> None:
    found = Shop(tmp_path, box, times, per_connection=4)
    with closing(found.house.database):
        found.bring_in(*(f"reader{n}@example.com" for n in range(10)))
        found.draft()
        found.approve()
        waited: list[float] = []
        server = Smtp("127.0.0.1", box.port, security="none")
        head = Letterhead(sender="care@lantern.example", envelope="care@lantern.example", reply_to="", url="http://x")
        mailer = Mailer(
            found.ledger, found.mail.copies, head, server.line(most=4), pace=50, now=times, pause=waited.append
        )
        mailer.look()
        assert len(box.mails) == 10
        assert box.connections == 3
        assert waited == [0.02] * 10


def test_a_test_mail_needs_to_know_where_to_go_and_counts_only_when_it_went(shop: Shop, box: Postbox) -> None:
    shop.draft()
    with pytest.raises(Refused, match=r"\[people.ben\] mail"):
        shop.mail.test(shop.number, 1, by="ben")
    box.answers = ["554 spam"]
    with pytest.raises(Refused, match=r"did not go out.*554"):
        shop.mail.test(shop.number, 1, by="ana")
    assert not mailing.find(shop.ledger.log(shop.number), 1).tested
    for _ in range(2):
        shop.mail.test(shop.number, 1, by="ana", key="the same key as before")
    assert box.to() == ["ana@lantern.example"]


def test_without_settings_a_letter_can_be_written_and_not_sent(tmp_path: Path) -> None:
    house = build(Settings(store=Store(url=f"sqlite:///{tmp_path}/f.db"), runbooks=Runbooks(paths=())))
    assert house.customer_mail.mailer is None
    with pytest.raises(Refused, match=r"\[smtp\]"):
        build(Settings(store=Store(url=f"sqlite:///{tmp_path}/f.db"), customers=CustomersSettings()))


def test_two_replicas_share_a_letter_and_nobody_gets_it_twice(
    tmp_path: Path, box: Postbox, times: Times, postgres_url: str
) -> None:
    found = Shop(tmp_path, box, times, url=postgres_url)
    other = Database(postgres_url)
    with closing(found.house.database), closing(other):
        found.bring_in(*(f"reader{n}@example.com" for n in range(60)))
        found.draft()
        found.approve()
        theirs = type(found.mail.copies)(other)
        mine, yours = found.mail.copies.take(times(), 20), theirs.take(times(), 20)
        assert not {one.customer for one in mine} & {one.customer for one in yours}
        assert theirs.sending(yours[0], times())
        times.ahead = timedelta(minutes=20)  # neither has been heard of since
        found.look(3)
        assert found.counts() == {"sent": 59, "unknown": 1}
        assert box.most() == 1


def test_a_line_that_is_a_dot_does_not_end_the_mail(box: Postbox) -> None:
    line = Smtp("127.0.0.1", box.port, security="none").line()
    body = b"Subject: dots\r\n\r\none\r\n.\r\n..two\r\nthree"
    assert line.send(body, sender="a@lantern.example", to="b@example.com", before=lambda: True)
    assert not line.send(body, sender="a@lantern.example", to="c@example.com", before=lambda: False)
    line.close()
    assert box.to() == ["b@example.com"]
    assert words(box.mails[0][1], "text/plain") == "one\n.\n..two\nthree\n"
