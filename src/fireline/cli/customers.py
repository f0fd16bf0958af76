"""`fireline customers`: whom we may write to, brought in from a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, say, table
from fireline.core.customers import read
from fireline.core.refusal import Refused

app = App(name="customers", help="Whom we may write to.")
AT_ONCE = 1_000  # addresses of one request


@app.command(name="import")
def import_(
    file: Annotated[Path, Parameter(help="A table (CSV): columns `mail`, and `services` divided by semicolons.")], /,
    *, url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Bring customers in. Twice is as good as once; whoever wants no more mail stays away."""
    try:
        found = read(file.read_bytes().decode())
    except OSError as trouble:
        raise Refused(f"{file} cannot be read: {trouble.strerror}.", status=400) from trouble
    except UnicodeDecodeError:
        raise Refused(f"{file} is no UTF-8.", status=400) from None
    house, new = server(url, token), 0
    for begin in range(0, len(found), AT_ONCE):
        some = [{"mail": one.mail, "services": list(one.services)} for one in found[begin : begin + AT_ONCE]]
        new += house.post("/customers", {"customers": some})["new"]
    told = {"customers": len(found), "new": new}
    as_json(told) if json else say(f"{len(found):,} customers, {new:,} of them new.")


@app.command(name="list")
def list_(
    *, after: Annotated[str, Parameter(help="The last address of the page before.")] = "", url: Url = None,
    token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """List customers by address, 100 at a time, and how many hear of each service."""
    from urllib.parse import quote

    told = server(url, token).get(f"/customers?after={quote(after)}")
    if json:
        return as_json(told)
    each = ", ".join(f"{count:,} of {'every service' if name == '*' else name}" for name, count in
                     told["services"].items())  # fmt: skip
    say(f"{told['here']:,} get mail ({each or 'nobody'}); {told['left']:,} want no more.")
    rows = [(one["number"], one["mail"], ", ".join(one["services"]), "no more mail" if one["left"] else "")
            for one in told["customers"]]  # fmt: skip
    return table("", ("customer", "address", "services", ""), rows)


@app.command
def leave(
    mail: Annotated[str, Parameter(help="Their address.")], /, *, url: Url = None, token: Token = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Somebody told us that they want no more mail."""
    told = server(url, token).post("/customers/leaving", {"mail": mail})
    as_json(told) if json else say(f"{mail} gets no more mail.")
