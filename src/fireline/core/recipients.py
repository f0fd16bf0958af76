"""Recipients: the ways by which stakeholders are told, and when. The words are `core.summary`'s."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fireline.core.events import Log, SummarySent
from fireline.core.work import Effect

MAIL, CHAT = "stakeholders_mail", "stakeholders_chat"
NAMES: Mapping[str, str] = {MAIL: "Stakeholders by mail", CHAT: "Stakeholders' chat"}
WHAT: Mapping[str, Mapping[str, str]] = {one: {"summary": "Send the summary"} for one in NAMES}


def told(log: Log, vendors: frozenset[str], tell: Callable[..., Effect]) -> tuple[Effect, ...]:
    """The stakeholders' deliveries: a summary that somebody sent, by each way it was meant for."""
    match log[-1]:
        case SummarySent(to=to, chat=chat):
            ways = {MAIL: bool(to), CHAT: chat}
            return tuple(tell(one, "summary") for one, meant in ways.items() if meant and one in vendors)
        case _:
            return ()
