"""`fireline incident checklist`: the runbook's boxes beside the gates, shared with everybody."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from fireline.cli.incident_deed import Number
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, clock, say, table
from fireline.core.refusal import Refused

Which = Parameter(help="The item's number in the list.")


def checklist(
    number: Number, /, *, tick: Annotated[int | None, Which] = None, untick: Annotated[int | None, Which] = None,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Show the runbook's checklists with who ticked what and when; tick an item, or take a tick back."""
    if tick is not None and untick is not None:
        raise Refused("Tick one, or take one back: not both at once.", status=400)
    there, path = server(url, token), f"/incidents/{number}/checklist"
    told = there.get(path)
    wanted = tick if tick is not None else untick
    if wanted is not None:
        verb = "tick" if tick is not None else "untick"
        told = there.post(f"{path}/{_key(told, wanted)}/{verb}", None)
    if json:
        as_json(told)
        return
    if told["said"]:
        say(told["said"])
    _show(told)


def _show(told: dict[str, Any]) -> None:
    if not told["lists"]:
        say("The runbook of this incident has no checklist beside the gates.")
    for one in told["lists"]:
        rows = [
            (item["number"], "x" if item["done"] else "", item["text"], item["ticked_by"] or item["known"] or "",
             clock(item["at"])) for item in one["items"]
        ]  # fmt: skip
        columns = ("", "done", "item", "by", "at (UTC)")
        table(f"\n{one['title']}: {one['done']} of {len(one['items'])}", columns, rows)


def _key(told: dict[str, Any], number: int) -> str:
    """The item's own name, which means the same item whatever changed since the list was read."""
    items = [item for one in told["lists"] for item in one["items"]]
    for item in items:
        if item["number"] == number:
            return str(item["key"])
    raise Refused(f"There is no item {number}; there are {len(items)}.", status=404)
