"""Every way of reaching a person takes a real request, says in words why it did not work, and shows no key."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from contracts.wire import Serve, Switchboard, answer
from fireline.connectors.apprise import notify
from fireline.connectors.gateway import Gateway, fill
from fireline.connectors.http import Permanent, Temporary
from fireline.connectors.ntfy import Ntfy
from fireline.connectors.smtp import Smtp
from servers import free_port


@pytest.fixture
def serve() -> Iterator[Serve]:
    board = Switchboard()
    yield board.serve
    board.close()


class Postman:
    """Takes mails, or says what it was told to say."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.says = "250 OK"

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.says.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.says

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(envelope)
        return "250 OK"


@pytest.fixture
def postman() -> Iterator[tuple[Postman, int]]:
    man = Postman()
    controller = Controller(man, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield man, controller.port
    controller.stop()


def mail(text: str = "Kiosk shut — bitte übernehmen") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "fireline@example.com", "ana@example.com", "P0: Kiosk shut"
    made.set_content(text)
    return made


def body(heard: bytes) -> Any:
    return json.loads(heard.partition(b"\r\n\r\n")[2])


def test_ntfy_rings_a_topic_and_offers_the_acknowledgement(serve: Serve) -> None:
    wire = serve(answer(200, b'{"id":"sPs71M8A2T"}'))
    ref = Ntfy(wire.url, "tk_secret").publish(
        "ana-night", title="P0: Kiosk shut", message="You are asked.", page="https://f/incidents/1",
        acknowledge="https://f/answer/x",
    )  # fmt: skip
    assert ref == "sPs71M8A2T"
    said = body(wire.heard[0])
    assert (said["topic"], said["priority"], said["click"]) == ("ana-night", 5, "https://f/incidents/1")
    (action,) = said["actions"]
    assert (action["method"], action["url"]) == ("POST", "https://f/answer/x")
    assert b"Bearer tk_secret" in wire.heard[0]


def test_ntfy_gets_one_name_for_every_copy_so_that_a_phone_shows_one_message(serve: Serve) -> None:
    wire = serve(answer(200))
    for key in ("house/INC-1/2/ana.d@x/ntfy", "house/INC-1/2/ana.d@x/ntfy", "house/INC-1/3/ana.d@x/ntfy"):
        Ntfy(wire.url).publish("ana", title="t", message="m", page="p", key=key)
    first, again, other = (body(heard)["sequence_id"] for heard in wire.heard)
    assert first == again != other
    assert re.fullmatch(r"[-_A-Za-z0-9]{1,64}", first)


def test_a_message_that_is_too_long_is_cut_between_letters(serve: Serve) -> None:
    wire = serve(answer(200))
    Ntfy(wire.url).publish("ana", title="t", message="é" * 4000, page="https://f")
    assert len(body(wire.heard[0])["message"].encode()) <= 4096


@pytest.mark.parametrize(("status", "kind"), [(429, Temporary), (503, Temporary), (403, Permanent)])
def test_ntfy_says_no_in_its_own_words(serve: Serve, status: int, kind: type[Exception]) -> None:
    wire = serve(answer(status, b'{"code":1,"error":"limit reached"}'))
    with pytest.raises(kind, match="limit reached") as no:
        Ntfy(wire.url, "tk_secret").publish("ana", title="t", message="m", page="p")
    assert "tk_secret" not in str(no.value)


@pytest.mark.req(30)
def test_a_gateway_gets_the_blanks_of_its_settings_filled(serve: Serve) -> None:
    wire = serve(answer(201, b'{"sid":"CA1"}'))
    gateway = Gateway(
        wire.url + "calls/{phone}",
        {"to": "{phone}", "say": ["{title}", {"url": "{acknowledge}"}], "times": 3, "x": "{y}"},
        {"Authorization": "Bearer secret"},
    )  # fmt: skip
    values = {"phone": "+36 1 234", "title": "P0: Kiosk shut", "acknowledge": "https://f/answer/x"}
    assert gateway.ring(values, key="INC-1/2/ana/voice") == "CA1"
    heard = wire.heard[0]
    assert heard.startswith(b"POST /calls/%2B36%201%20234 ")
    assert b"INC-1/2/ana/voice" in heard
    assert body(heard) == {
        "to": "+36 1 234", "say": ["P0: Kiosk shut", {"url": "https://f/answer/x"}], "times": 3, "x": "{y}",
    }  # fmt: skip


@pytest.mark.req(30)
def test_apprise_tells_every_address_and_names_the_services_that_did_not_take_it(serve: Serve) -> None:
    good, bad = serve(answer(200)), serve(answer(500))
    ours = [f"json://{good.host}/yes", f"json://user:secret@{bad.host}/no", "unheardof://secret"]
    note = notify(ours, title="P0: Kiosk shut", text="You are asked <now>.")
    assert (
        note == "By Apprise: JSON did not take it; an address that begins with unheardof: is none that Apprise knows."
    )
    said = body(good.heard[0])
    assert (said["title"], said["message"]) == ("P0: Kiosk shut", "You are asked <now>.")
    with pytest.raises(Temporary, match="JSON did not take it") as no:
        notify(ours[1:2], title="t", text="m")
    with pytest.raises(Permanent, match="No Apprise address can be used") as never:
        notify(ours[2:], title="t", text="m")
    assert "secret" not in f"{note}{no.value}{never.value}"


def test_without_the_extra_apprise_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)  # as where nobody installed it
    with pytest.raises(Permanent, match=r"pip install 'fireline\[apprise\]'"):
        notify(["json://127.0.0.1"], title="t", text="m")


def test_a_value_with_a_blank_in_it_is_not_filled_again() -> None:
    assert fill("{title}", {"title": "{phone}", "phone": "+36"}) == "{phone}"


def test_a_mail_arrives_whole(postman: tuple[Postman, int]) -> None:
    man, port = postman
    Smtp("127.0.0.1", port, security="none").send(mail())
    (envelope,) = man.mails
    assert envelope.rcpt_tos == ["ana@example.com"]
    content = envelope.content
    assert isinstance(content, bytes)
    payload = message_from_bytes(content).get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert "übernehmen" in payload.decode()


@pytest.mark.parametrize(
    ("says", "kind"), [("451 4.7.1 Greylisted, come again", Temporary), ("550 5.1.1 No such user", Permanent)]
)
def test_a_mail_server_says_no_for_now_or_for_good(
    postman: tuple[Postman, int], says: str, kind: type[Exception]
) -> None:
    man, port = postman
    man.says = says
    with pytest.raises(kind, match=says[4:]):
        Smtp("127.0.0.1", port, security="none").send(mail())
    assert man.mails == []


def test_a_mail_server_that_is_away_is_asked_again() -> None:
    with pytest.raises(Temporary, match="refused the connection"):
        Smtp("127.0.0.1", free_port(), security="none").send(mail())


def test_a_mail_server_without_starttls_gets_no_password(postman: tuple[Postman, int]) -> None:
    man, port = postman
    with pytest.raises(Permanent, match="STARTTLS"):
        Smtp("127.0.0.1", port, user="fireline", password="hunter2").send(mail())
    assert man.mails == []


def test_a_mail_server_that_hangs_up_is_asked_again(serve: Serve) -> None:
    wire = serve(b"")
    port = int(wire.host.split(":")[1])
    with pytest.raises(Temporary):
        Smtp("127.0.0.1", port, security="none", timeout=1).send(mail())
