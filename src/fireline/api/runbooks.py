"""Runbooks: what the library holds, and what is wrong with the files it could not read."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import PathParameter

from fireline.api.problem import says_no
from fireline.core.people import Person
from fireline.core.refusal import Refused
from fireline.core.runbook.document import as_document
from fireline.core.runbook.lint import lint
from fireline.workflows.library import Library

TAGS = ("runbooks",)


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One runbook; `digest` is the sha256 of its bytes, `findings` what its owner should look at."""

    path: str
    title: str
    digest: str
    severities: tuple[str, ...]
    scenarios: tuple[str, ...]
    commands: int
    findings: int
    last_updated: str | None
    next_review: str | None


class Runbooks(msgspec.Struct, frozen=True, kw_only=True):
    """`trouble`: by path, why a file's newest version is not used."""

    runbooks: tuple[Summary, ...]
    trouble: dict[str, str]


@get("/runbooks", tags=TAGS, responses=says_no(), sync_to_thread=True)
def list_runbooks(*, person: Person, library: Library) -> Runbooks:
    """Give the runbooks this house goes by."""
    found = tuple(
        Summary(
            path=book.path, title=book.title, digest=book.digest, severities=tuple(one.id for one in book.severities),
            scenarios=tuple(one.title for one in book.scenarios), commands=len(book.commands),
            findings=len(lint(book)), last_updated=book.last_updated, next_review=book.next_review,
        )
        for book in library.runbooks
    )  # fmt: skip
    return Runbooks(runbooks=found, trouble=dict(library.trouble))


@get("/runbooks/{digest:str}", tags=TAGS, responses=says_no(404), sync_to_thread=True)
def show_runbook(
    *,
    person: Person,
    library: Library,
    digest: Annotated[str, PathParameter(description="sha256 of the file's bytes.")],
) -> dict[str, Any]:
    """Give one runbook whole, each command with the guard's verdict: what `fireline runbook show --json` gives."""
    for book in library.runbooks:
        if book.digest == digest:
            return as_document(book, library.judge)
    raise Refused("No runbook has this digest now.", status=404)


handlers = (list_runbooks, show_runbook)
