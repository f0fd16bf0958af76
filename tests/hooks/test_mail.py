"""A mail to the mailbox raises an alert, over a real SMTP connection; 250 means that it is on the disk."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.conftest import certificate  # noqa: F401  # a fixture
from fireline.core.refusal import Refused
from fireline.settings import MailSettings
from hooks.mailroom import Mailroom, Sender, letter
from hooks.test_prometheus import serving
from kiosk import Open, until
from servers import free_port

OURS = "incidents@lantern.example"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Mailroom]:
    """See Mailroom."""
    made = Mailroom(tmp_path)
    yield made
    made.close()


@pytest.mark.req(14, 132)
def test_a_mail_is_an_alert_of_its_own(room: Mailroom) -> None:
    with room.open() as send:
        send(letter("Checkout fails", "Since noon.\npassword=hunter2hunter2", id="<a@shop>"))
    (one,) = room.alerts.firing()
    assert (one.source, one.name, one.summary, one.starts_at) == ("mail", "CustomerReport", "Checkout fails", room.at)
    assert one.annotations["description"] == "Since noon.\npassword=«masked»"
    assert one.annotations["requester"] == "Rita <rita@customer.example>"


def test_six_mails_are_six_reports_and_one_sent_twice_is_one(room: Mailroom) -> None:
    with room.open() as send:
        for n in range(6):
            send(letter("Checkout fails", id=f"<{n}@shop>"))
        send(letter("Checkout fails", id="<5@shop>"))
    assert len(room.alerts.firing()) == 6


def test_a_reply_belongs_to_the_report_it_answers_across_a_restart(room: Mailroom) -> None:
    with room.open() as send:
        send(letter("Checkout fails", "first words", id="<a@shop>"))
    with room.open() as send:
        send(letter("Re: Checkout fails", "it is worse now", id="<b@shop>", **{"In-Reply-To": "<a@shop>"}))
        send(letter("Re: Checkout fails", "no change", id="<c@shop>", References="<a@shop> <b@shop>"))
    (one,) = room.alerts.firing()
    assert (one.summary, one.annotations["description"]) == ("Checkout fails", "no change")


def test_two_replies_to_a_mail_that_never_came_here_are_one_report(room: Mailroom) -> None:
    with room.open() as send:
        send(letter("Re: Checkout", id="<b@shop>", **{"In-Reply-To": "<a@shop>"}))
        send(letter("Re: Checkout", id="<c@shop>", **{"In-Reply-To": "<a@shop>"}))
    assert len(room.alerts.firing()) == 1


@pytest.mark.parametrize(
    "header",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Auto-Submitted": "auto-generated; owner=x"},
        {"Precedence": "bulk"},
        {"Content-Type": "multipart/report; boundary=x"},
    ],
)
def test_what_no_person_wrote_is_taken_and_raises_nothing(room: Mailroom, header: dict[str, str]) -> None:
    with room.open() as send:
        send(letter("Out of office", id="<a@shop>", **header))
    assert room.alerts.firing() == ()


def test_a_bounce_from_nobody_raises_nothing_and_a_group_address_may_forward(room: Mailroom) -> None:
    with room.open() as send:
        send(letter("Undelivered", id="<a@shop>"), sender="")
        send(letter("Checkout fails", id="<b@shop>", Precedence="list", **{"Auto-Submitted": "no"}))
    assert [one.summary for one in room.alerts.firing()] == ["Checkout fails"]


def test_html_is_read_without_its_tags_and_its_scripts(room: Mailroom) -> None:
    mail = letter("Checkout fails", id="<a@shop>")
    mail.set_content("<style>p{}</style><p>It &lt;fails&gt;</p><script>alert(1)</script><p>since noon</p>", "html")
    with room.open() as send:
        send(mail)
    (one,) = room.alerts.firing()
    assert one.annotations["description"] == "It <fails>\nsince noon"


def test_the_address_may_say_the_service(room: Mailroom) -> None:
    with room.open(services={OURS: ""}, addresses=(OURS, "payments@lantern.example")) as send:
        send(letter("A", id="<a@shop>"), to="Incidents+checkout@LANTERN.example")
        send(letter("B", id="<b@shop>"), to="payments@lantern.example")
    assert [one.service for one in room.alerts.firing()] == ["checkout", None]


def test_an_unknown_mailbox_is_told_so(room: Mailroom) -> None:
    with room.open() as send, pytest.raises(smtplib.SMTPRecipientsRefused) as no:
        send(letter("Hello"), to="sales@lantern.example")
    assert no.value.recipients["sales@lantern.example"][0] == 550


def test_only_the_senders_that_are_named_may_write(room: Mailroom) -> None:
    with room.open(senders=("@customer.example", "ben@lantern.example")) as send:
        send(letter("A", id="<a@shop>"))
        send(letter("B", id="<b@shop>"), sender="ben@lantern.example")
        with pytest.raises(smtplib.SMTPSenderRefused) as no:
            send(letter("C", id="<c@shop>"), sender="eve@elsewhere.example")
    assert no.value.smtp_code == 550
    assert len(room.alerts.firing()) == 2


def test_a_mail_that_is_too_large_is_told_so(room: Mailroom) -> None:
    with room.open(largest=10_000) as send, pytest.raises(smtplib.SMTPResponseException) as no:
        send(letter("Hello", "x" * 20_000))
    assert no.value.smtp_code == 552
    assert room.alerts.firing() == ()


def test_what_comes_too_fast_is_asked_to_come_again_and_is_taken_then(room: Mailroom) -> None:
    with room.open(per_minute=2) as send:
        send(letter("A", id="<a@shop>"))
        send(letter("B", id="<b@shop>"))
        with pytest.raises(smtplib.SMTPSenderRefused) as no:
            send(letter("C", id="<c@shop>"))
        assert no.value.smtp_code == 450
        room.at += timedelta(minutes=1)
        send(letter("C", id="<c@shop>"))
    assert len(room.alerts.firing()) == 3


def test_a_store_that_is_away_is_no_250_and_the_second_try_is_taken(room: Mailroom) -> None:
    with room.open() as send:
        room.away(on=True)
        with pytest.raises(smtplib.SMTPDataError) as no:
            send(letter("Checkout fails", id="<a@shop>"))
        assert no.value.smtp_code == 451
        room.away(on=False)
        send(letter("Checkout fails", id="<a@shop>"))
    assert len(room.alerts.firing()) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no header at all",
        b"Subject: =?utf-9?b?!!!?=\r\nMessage-ID: <x\r\nContent-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe\x00",
        b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
        b"Subject: \xf0\x9f\x94\xa5 \x1b[2J\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
    ],
)
def test_a_broken_mail_is_kept_as_far_as_it_goes(room: Mailroom, raw: bytes) -> None:
    with room.open() as send:
        send(raw)
    (one,) = room.alerts.firing()
    assert one.summary
    assert "\x1b" not in one.text
    assert "\x00" not in one.text


def test_a_mail_nested_without_end_is_refused_in_words(room: Mailroom) -> None:
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000))
    with room.open() as send, pytest.raises(smtplib.SMTPDataError) as no:
        send(raw)
    assert no.value.smtp_code == 554
    assert b"nested too deeply" in bytes(no.value.smtp_error)  # type: ignore[arg-type]  # bytes, says the library


def test_starttls_is_offered_where_a_certificate_is_set(room: Mailroom, certificate: Path) -> None:  # noqa: F811  # the fixture
    with room.open(certificate=str(certificate), key=str(certificate)) as send:
        trust = ssl.create_default_context(cafile=str(certificate))
        with smtplib.SMTP("127.0.0.1", send.port, timeout=10) as line:
            line.starttls(context=trust)
            line.send_message(letter("Secret", id="<a@shop>"), "rita@customer.example", [OURS])
    assert [one.summary for one in room.alerts.firing()] == ["Secret"]


def test_an_address_that_cannot_be_listened_on_is_said_in_words(room: Mailroom) -> None:
    with pytest.raises(Refused, match="'nowhere' cannot be listened on"), room.open(listen="nowhere"):
        pass


@pytest.mark.req(132)
def test_a_mail_to_a_served_house_waits_for_triage(build_house: Open) -> None:
    port = free_port()
    house = build_house(mail=MailSettings(addresses=(OURS,), listen=f"127.0.0.1:{port}"))
    with serving(house, free_port()):
        Sender(port)(letter("Nobody opens the door", id="<a@shop>"))
        (one,) = house.alerts.firing()
        until(lambda: house.alerts.kept([one.fingerprint])[0].verdict)
        assert house.alerts.kept([one.fingerprint])[0].verdict == "suggested"
