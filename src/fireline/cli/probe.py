"""`fireline probe`: every health address asked at once, each with its verdict, in under five seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fireline.cli.house import Config
from fireline.cli.server import Json
from fireline.cli.speak import as_json, table
from fireline.connectors.probes import Verdict, check_all
from fireline.core.refusal import Refused
from fireline.core.runbook.health import place_of
from fireline.settings import load
from fireline.workflows.library import files, read
from fireline.workflows.probes import addresses


def probe(
    *,
    runbook: Annotated[Path | None, Parameter(help="Only the addresses that this Markdown file names.")] = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Ask every health address at once. Ends with status 1 when one is not well."""
    settings = load(config)
    books = [read(path) for path in ([runbook] if runbook else files(settings.runbooks.paths))]
    found = addresses(() if runbook else settings.probes, books)
    if not found:
        raise Refused(
            "No health address is known: no [[probes]] in the settings, no `curl …/health` in a runbook.", status=404
        )
    seen = check_all([one.url for one in found])
    if json:
        as_json(
            [
                {
                    "service": one.service, "url": one.url, "verdict": was.verdict, "status": was.status,
                    "seconds": round(was.seconds, 3), "detail": was.detail,
                }
                for one, was in zip(found, seen, strict=True)
            ]
        )  # fmt: skip
    else:
        rows = [
            (was.verdict, one.service, place_of(one.url), f"{was.seconds:.2f}", was.detail)
            for one, was in zip(found, seen, strict=True)
        ]
        table("", ("", "service", "address", "seconds", "says"), rows)
    return 0 if all(one.verdict == Verdict.UP for one in seen) else 1
