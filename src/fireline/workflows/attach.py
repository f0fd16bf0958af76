"""Attach: a file comes in piece by piece, is hashed and kept as it comes, and then stands in the log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import anyio.from_thread
import anyio.to_thread

from fireline.core import attachment
from fireline.core.incident import Incident
from fireline.core.refusal import Refused
from fireline.store.evidence import EvidenceStore
from fireline.store.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Attach:
    """Takes files of at most `largest` bytes."""

    ledger: Ledger
    evidence: EvidenceStore
    largest: int
    now: Callable[[], datetime]

    def __call__(
        self, number: int, name: str, pieces: Iterable[bytes], *, note: str, by: str, key: str | None = None
    ) -> Incident:
        """Keep the file and say so in the log. Raises `Refused`: 404 without an incident, 413 for too much.

        What was kept before a refusal is swept, or is the same bytes that somebody else has attached.
        """
        self.ledger.read(number)  # before anything is taken in
        kept = self.evidence.keep_stream(self._up_to(pieces), self.now())
        deed = partial(attachment.attach, name=name, size=kept.size, evidence=kept.digest, note=note, by=by)
        return self.ledger.act(number, deed, key=key)

    async def streamed(
        self, number: int, name: str, body: AsyncIterator[bytes], *, note: str, by: str, key: str | None = None
    ) -> Incident:
        """The same of what arrives over the network, in a thread of its own that waits for each piece."""

        async def following() -> bytes | None:
            return await anext(body, None)

        def pieces() -> Iterator[bytes]:
            while (piece := anyio.from_thread.run(following)) is not None:
                yield piece

        return await anyio.to_thread.run_sync(partial(self, number, name, pieces(), note=note, by=by, key=key))

    def _up_to(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        size = 0
        for piece in pieces:
            size += len(piece)
            if size > self.largest:
                raise Refused(
                    f"A file of at most {attachment.large(self.largest)} can be attached (`attachment_mib` in "
                    "[evidence]). Keep it elsewhere, and note where.",
                    status=413,
                    field="file",
                )
            yield piece
