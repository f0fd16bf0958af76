"""`fireline incident role` and `fireline incident task`: who does what, and who was asked to do one thing."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from fireline.cli.incident_deed import Number, deed
from fireline.cli.server import Json, Token, Url

role = App(name="role", help="Offer a role, take it, turn it down, give it up.")
task = App(name="task", help="Ask one person to do one thing within so many minutes.")

Role = Annotated[str, Parameter(help="commander, deputy, scribe, communications or sme.")]
Who = Annotated[str, Parameter(help="A person's handle.")]
Why = Annotated[str, Parameter(help="In a sentence; the timeline tells it.")]
Subject = Annotated[str, Parameter(help="What an SME knows: database, network.")]
Task = Annotated[int, Parameter(help="Its number in `incident show`.")]


@role.command
def offer(
    number: Number, role: Role, to: Who, /, *, subject: Subject = "", url: Url = None, token: Token = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Ask somebody to take a role. Whoever has it keeps it until they say yes."""
    deed(number, f"roles/{role}/offers", {"to": to, "subject": subject}, url, token, json=json)


@role.command
def take(
    number: Number, role: Role, /, *, subject: Subject = "", why: Why = "", url: Url = None, token: Token = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Say yes to an offer, or take a role that nobody has; the deputy steps in with --why."""
    deed(number, f"roles/{role}/taking", {"subject": subject, "why": why}, url, token, json=json)


@role.command
def decline(
    number: Number, role: Role, /, *, to: Annotated[str, Parameter(help="Whom you offered it, to take it back.")] = "",
    why: Why = "", url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Say no to an offer, or take back your own."""
    deed(number, f"roles/{role}/declining", {"to": to, "why": why}, url, token, json=json)


@role.command
def release(
    number: Number, role: Role, /, *, who: Annotated[str, Parameter(help="Somebody you let go, as commander.")] = "",
    why: Why = "", url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Give a role up. Command is never given up, only handed over."""
    deed(number, f"roles/{role}/release", {"who": who, "why": why}, url, token, json=json)


@task.command
def give(
    number: Number, to: Who, minutes: Annotated[int, Parameter(help="After how many you ask again.")],
    text: Annotated[str, Parameter(help="What is to be done.")], /, *, url: Url = None, token: Token = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Ask one person to do one thing."""
    deed(number, "tasks", {"to": to, "minutes": minutes, "text": text}, url, token, json=json)


@task.command(name="take")
def take_task(number: Number, task: Task, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Say that you do it."""
    deed(number, f"tasks/{task}/taking", None, url, token, json=json)


@task.command
def done(
    number: Number, task: Task, /, *, said: Annotated[str, Parameter(help="What came of it.")] = "",
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Say that it is done."""
    deed(number, f"tasks/{task}/end", {"said": said}, url, token, json=json)


@task.command
def drop(
    number: Number, task: Task, /, *, why: Why = "", url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Say that nobody does it any more."""
    deed(number, f"tasks/{task}/end", {"said": why, "dropped": True}, url, token, json=json)
