"""Refused: fireline says no, in words meant for the person who asked.

A refusal is an answer, not a bug. Doors turn it into the status it carries and show the sentence as
it stands, so the sentence has to say what to do next.
"""

from __future__ import annotations

AWAY = 503  # the status of a refusal that time may cure: the database or the disk, not the incident


class Refused(Exception):  # noqa: N818  # a refusal is not an error: the house works as it should
    """No, and here is why and what to do instead.

    `status` is the HTTP status a door answers with: 409 the state of the incident forbids it,
    400 the input is wrong, 403 not this person, 404 there is no such thing, 413 too much,
    429 too fast, 503 try again. The default suits most deeds.
    """

    def __init__(
        self, sentence: str, *, status: int = 409, field: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.field = field  # the input field to point at, when one is to blame
        self.retry_after = retry_after  # seconds, when it is known when to come again
