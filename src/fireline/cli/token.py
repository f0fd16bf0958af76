"""`fireline token`: for programs. `hooks` may only bring alerts, `api` acts as its person, `runner` is a runner's."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from cyclopts import App, Parameter

from fireline import clock
from fireline.cli.house import accounts
from fireline.cli.server import Json
from fireline.cli.speak import as_json, say, table
from fireline.core.refusal import Refused

app = App(name="token", help="Tokens for programs: alert sources, scripts, this command line.")


@app.command
def add(
    *,
    scope: Annotated[
        Literal["hooks", "api", "runner"],
        Parameter(help="hooks: may bring alerts. api: acts as the person. runner: comes for what it is to run."),
    ],
    person: Annotated[str, Parameter(help="The handle of whose it is.")],
    label: Annotated[str, Parameter(help="What for: alertmanager in eu-1; of a runner its name.")] = "",
    days: Annotated[int | None, Parameter(help="Good for so many days; for ever without.")] = None,
    json: Json = False,
) -> None:
    """Make a token. It is shown this once and kept nowhere."""
    if days is not None and not 1 <= days <= 3650:
        raise Refused("A token is good for 1 to 3650 days.", status=400)
    at = clock.now()
    ends_at = at + timedelta(days=days) if days else None
    with accounts() as house:
        secret = house.token(person, scope, at, label=label, ends_at=ends_at)
    if json:
        return as_json({"token": secret, "scope": scope, "person": person, "label": label, "ends_at": ends_at})
    return say(secret)


@app.command(name="list")
def list_(*, json: Json = False) -> None:
    """List tokens by the start of their digest; the secrets are nowhere."""
    with accounts() as house:
        rows = [
            {"digest": row.digest[:12], "scope": row.scope, "person": row.handle, "label": row.label,
             "made_at": row.made_at, "ends_at": row.ends_at} for row in house.tokens()
        ]  # fmt: skip
    if json:
        return as_json(rows)
    cells = [[f"{v:%d %b %Y %H:%M}" if hasattr(v, "isoformat") else v for v in row.values()] for row in rows]
    return table("", ("digest", "scope", "person", "label", "made (UTC)", "ends (UTC)"), cells)


@app.command
def revoke(digest: Annotated[str, Parameter(help="8 characters or more of it, as `token list` says.")], /) -> None:
    """End a token."""
    with accounts() as house:
        house.revoke(digest)
    say("Revoked.")
