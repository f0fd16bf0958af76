"""Clerk: takes what Slack sends, whichever way it came, has it done, and answers.

Slack wants an answer within three seconds. What is done by then is answered at once; the rest is acknowledged, and
said afterwards to the address that Slack gave along. What people pressed is acknowledged first and done then. An event
is acknowledged when it is done, because Slack tells it again otherwise.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from fireline.chat import forms, payloads
from fireline.chat.buttons import Buttons, Closed
from fireline.chat.commands import Commands
from fireline.chat.notes import Notes
from fireline.chat.parts import Answer, Parts
from fireline.chat.runs import Runs
from fireline.connectors.http import ConnectorError
from fireline.core.refusal import Refused
from fireline.store import eyes
from fireline.workflows.inform import blocks
from fireline.workflows.inform.blocks import Value

PATIENCE = (
    2.0  # seconds, of the three that Slack waits: https://docs.slack.dev/interactivity/handling-user-interaction/
)
HANDS = 8  # things done at once; a handful of people type at the same time
Say = Callable[..., Any]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Clerk:
    """Has things done. `close` waits for those under way."""

    parts: Parts
    commands: Commands
    buttons: Buttons
    notes: Notes
    pool: ThreadPoolExecutor

    def command(self, ack: Say, body: dict[str, Any], respond: Say) -> None:
        """`/incident …`: answer in time, or acknowledge and answer later."""
        said = payloads.read(body, payloads.Command)
        job = self.pool.submit(self._answer, said.user_id, lambda: self.commands(said))
        try:
            ack(**_message(job.result(PATIENCE)))
        except Late:
            ack()
            job.add_done_callback(partial(self._later, respond))

    def press(self, ack: Say, body: dict[str, Any], respond: Say) -> None:
        """A button: acknowledge, do it, and change its message or tell the presser why not."""
        said = payloads.read(body, payloads.Press)
        job = self.pool.submit(self._answer, said.user.id, lambda: self.buttons.press(said))
        job.add_done_callback(partial(self._later, respond))
        ack()

    def submit(self, ack: Say, body: dict[str, Any]) -> None:
        """A form: done before it closes, so that a refusal stands beside its field."""
        said = payloads.read(body, payloads.Submission)
        closed: list[Closed] = []

        def take() -> Answer:
            closed.append(self.buttons.submit(said, self._tell))
            return Answer()

        # which has words where we made a mistake, or Slack could not say who this is
        answer = self._answer(said.user.id, take)
        ack(**(closed[0] if closed else {"response_action": "update", "view": forms.refusal(answer.text)}))

    def event(self, body: dict[str, Any]) -> None:
        """A reaction or a message. Raises where it has to be told again."""
        event = body.get("event") or {}
        match event.get("type"):
            case "reaction_added":
                with eyes.of():  # who it is, is asked of Slack only where it matters
                    self.notes.reacted(payloads.read(event, payloads.Reaction))
            case "message":
                with eyes.of():
                    self.notes.heard(payloads.read(event, payloads.Words))

    def close(self) -> None:
        """Take nothing more, and finish what is under way."""
        self.pool.shutdown(wait=True)

    def _answer(self, user: str, do: Callable[[], Answer]) -> Answer:
        """What is said back, whatever happens: a refusal in its own words, and of a mistake its reference."""
        try:
            with self.parts.people.eyes(user):
                return do()
        except Refused as no:
            return Answer(no.sentence)
        except ConnectorError as trouble:
            return Answer(f"{trouble.reason} Try again, or use the page.")
        except Exception as trouble:  # told to whoever asked, and to the log
            reference = secrets.token_hex(4)
            log.exception("chat", reference=reference, exc_info=trouble)
            return Answer(f"fireline made a mistake; its log has more under the reference {reference}.")

    def _later(self, respond: Say, job: Future[Answer]) -> None:
        answer = job.result()
        if not answer.text:
            return  # a form was opened, or nothing was asked
        more = {"replace_original": answer.replace}
        try:
            sent = respond(**_message(answer), **more)
        except (OSError, ValueError) as trouble:  # the deed is done; only its echo is lost
            log.warning("chat", trouble=f"Slack did not take an answer: {trouble}")
        else:
            if sent.status_code != 200:
                log.warning("chat", trouble=f"Slack answered {sent.status_code} to an answer of ours")

    def _tell(self, where: Value, answer: Answer) -> None:
        """Say what came of a form after it is closed: in the message it was opened from, else in its channel."""
        if answer.text and (where.ts or (where.channel and answer.everybody)):
            self.pool.submit(self._say, where, answer)

    def _say(self, where: Value, answer: Answer) -> Answer:
        try:
            if where.ts:
                self.parts.desk.update(where.channel, where.ts, answer.text, answer.blocks)
            else:
                self.parts.desk.post(where.channel, answer.text, answer.blocks)
        except ConnectorError as trouble:  # the deed is done; the page says so too
            log.warning("chat", trouble=trouble.reason)
        return answer


def new_clerk(parts: Parts, emoji: str) -> Clerk:
    """Put this door's parts together."""
    commands = Commands(parts, Runs(parts))
    pool = ThreadPoolExecutor(max_workers=HANDS, thread_name_prefix="slack")
    return Clerk(parts, commands, Buttons(parts, commands), Notes(parts, emoji), pool)


def _message(answer: Answer) -> dict[str, Any]:
    if not answer.text:
        return {}
    kind = "in_channel" if answer.everybody else "ephemeral"
    made: dict[str, Any] = {"response_type": kind, "text": blocks.escape(answer.text)}
    return made | ({"blocks": blocks.within(answer.blocks)} if answer.blocks else {})
