"""A letter that came back is shown beside the one it belongs to, whoever tells of it and however little they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from fireline.connectors.mail import read_bounces
from hooks.mailroom import Mailroom, Sender
from workflows.postbox import Postbox
from workflows.storefront import Shop


def dsn(message_id: str, to: str, action: str = "failed", headers_only: bool = False) -> bytes:  # noqa: FBT001, FBT002
    """What a mail server writes to whoever sent something it cannot deliver, after RFC 3464's own example."""
    kind = "text/rfc822-headers" if headers_only else "message/rfc822"
    returned = f"Message-ID: {message_id}\r\nSubject: FYI\r\n\r\nwords\r\n" if message_id else "Subject: FYI\r\n\r\n"
    return (
        "From: MAILER-DAEMON@mx.example.com\r\nTo: bounces@lantern.example\r\nSubject: Undelivered\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        f"Original-Recipient: rfc822;{to}\r\nFinal-Recipient: rfc822;box-7@mx.example.com\r\nAction: {action}\r\n"
        "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n"
        f"--b\r\nContent-Type: {kind}\r\n\r\n{returned}--b--\r\n"
    ).encode()


@pytest.mark.parametrize("headers_only", [False, True])
@pytest.mark.req(91)
def test_a_mail_that_came_back_is_shown_beside_its_letter(
    shop: Shop, box: Postbox, tmp_path: Path, headers_only: bool  # noqa: FBT001
) -> None:  # fmt: skip
    shop.draft()
    shop.approve()
    shop.look()
    name = dict(box.mails)["dora@example.com"]["Message-ID"]
    (tmp_path / "room").mkdir()
    room = Mailroom(tmp_path / "room")
    with room.open(bounced=shop.mail.bounced, addresses=("bounces@lantern.example",)) as send:
        back(send, dsn(name, "dora@example.com", headers_only=headers_only))
        back(send, dsn("<somebody-elses@mail>", "cleo@example.com"))
    assert room.alerts.firing() == ()
    room.close()
    [row] = shop.mail.trouble(shop.number, 1)
    assert (row.mail, row.state) == ("dora@example.com", "bounced")
    assert "550 5.1.1 User unknown" in row.reason
    assert shop.counts() == {"sent": 2, "bounced": 1}


def back(send: Sender, raw: bytes) -> None:
    send(raw, sender="", to="bounces@lantern.example")


def test_a_report_without_the_mail_is_matched_by_its_recipient_and_a_delay_is_no_end(shop: Shop) -> None:
    shop.draft()
    shop.approve()
    shop.look()
    assert shop.mail.bounced(dsn("", "Cleo@example.com", action="delayed")) == 1
    assert shop.counts() == {"sent": 3}
    assert shop.mail.bounced(dsn("", "cleo@example.com")) == 1
    assert shop.mail.bounced(dsn("", "stranger@example.com")) == 0
    assert shop.counts() == {"sent": 2, "bounced": 1}
    assert read_bounces(b"Content-Type: multipart/report; boundary=b\r\n\r\n" + b"--b\r\n" * 50) == ()
    assert read_bounces(b"Subject: hello\r\n\r\nwords") == ()
