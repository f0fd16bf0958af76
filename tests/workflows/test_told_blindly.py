"""A vendor that takes no key and cannot be asked is told at most once, whenever fireline is killed on the way."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from fireline.core import delivery
from fireline.core.events import HOUSE, DeliveryBegun
from fireline.house import House
from fireline.settings import ChatSettings
from kiosk import Open, until
from workflows.receivers import Sink

KEY = "chat_webhook/1/open"


@pytest.fixture
def sink() -> Iterator[Sink]:
    one = Sink(lambda _, said: str(said["text"]), blind=True)
    one.wire.start()
    yield one
    one.wire.stop()


def states(house: House) -> dict[str, str]:
    """How the deliveries to the chat stand."""
    found = delivery.deliveries(house.ledger.log(1), house.ledger.vendors, house.now())
    return {one.key: one.state for one in found if one.vendor == "chat_webhook"}


@pytest.mark.req(37)
def test_what_was_begun_before_a_kill_is_not_told_again_and_shown_as_not_delivered(
    build_house: Open, open_house: Open, sink: Sink
) -> None:
    chat = ChatSettings(webhook=f"{sink.wire.url}/hooks/secret")
    killed = build_house(chat=chat)
    killed.database.migrate()
    killed.durable.prepare()
    killed.library.load()
    killed.declare.by_person("Kiosk shut", by="ana", severity="P1")
    begin = partial(delivery.begin, key=KEY, vendor="chat_webhook", what="w", attempt=1, by=HOUSE)
    killed.ledger.act(1, begin)  # and then the process was gone
    assert states(killed) == {KEY: "waiting"}
    killed.close()
    house = open_house(chat=chat)
    until(lambda: states(house)[KEY] == "given up")
    assert sink.taken == []
    [lost] = [one for one in delivery.deliveries(house.ledger.log(1)) if one.key == KEY]
    assert "It may be there: look before you say it by hand." in lost.reason
    house.deliveries.try_again(1, KEY, by="ana")  # a person looked
    until(lambda: states(house)[KEY] == "made")
    assert len(sink.taken) == 1


def test_each_try_is_begun_in_the_log_before_anything_is_sent(open_house: Open, sink: Sink) -> None:
    sink.wire.fail_next(1, "500")
    house = open_house(chat=ChatSettings(webhook=f"{sink.wire.url}/hooks/secret"))
    house.declare.by_person("Kiosk shut", by="ana", severity="P1")
    until(lambda: states(house)[KEY] == "made")
    assert [one.attempt for one in house.ledger.log(1) if isinstance(one, DeliveryBegun)] == [1, 2]
    assert len(sink.taken) == 1
