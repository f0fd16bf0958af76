"""The yes to words as they were shown, and the no: the same two doors for letters and for what the public is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Protocol, runtime_checkable

from litestar import post
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body

from fireline.web.answer import Ask, Frame, moved
from fireline.web.deeds import URL, Form


class Yes(Form, frozen=True, kw_only=True):
    """`shown` is the digest of the words as they were shown; `meant` says that what the check found may go out."""

    shown: str = ""
    meant: str = ""


class No(Form, frozen=True, kw_only=True):
    """Why they will not go out."""

    reason: str = ""


@runtime_checkable  # Litestar looks whether it is one
class Answers(Protocol):
    """Takes a person's yes or no to a draft. Raises `Refused`."""

    def approve(self, number: int, which: int, /, *, shown: str, meant: bool, by: str) -> object:
        """Exactly what was shown goes out."""

    def withdraw(self, number: int, which: int, /, *, reason: str, by: str) -> object:
        """It does not."""


def doors(place: str, answers: Callable[..., Answers]) -> tuple[HTTPRouteHandler, HTTPRouteHandler]:
    """The two doors below `/incidents/NUMBER/PLACE`; `answers` is handed what it asks for by name."""
    below = f"/incidents/{{number:int}}/{place}"
    needs = {"answers": Provide(answers, sync_to_thread=False)}

    @post(f"{below}/{{which:int}}/yes", sync_to_thread=True, dependencies=needs)
    def say_yes(
        *, request: Ask, frame: Frame, number: int, which: int, data: Annotated[Yes, Body(media_type=URL)],
        answers: Answers,
    ) -> Any:  # fmt: skip
        """Exactly these words go out."""
        answers.approve(number, which, shown=data.shown, meant=data.meant == "yes", by=frame.person.handle)
        return moved(request, f"/incidents/{number}/{place}")

    @post(f"{below}/{{which:int}}/no", sync_to_thread=True, dependencies=needs)
    def say_no(
        *, request: Ask, frame: Frame, number: int, which: int, data: Annotated[No, Body(media_type=URL)],
        answers: Answers,
    ) -> Any:  # fmt: skip
        """They do not, or no further copy does; and why."""
        answers.withdraw(number, which, reason=data.reason, by=frame.person.handle)
        return moved(request, f"/incidents/{number}/{place}")

    return say_yes, say_no
