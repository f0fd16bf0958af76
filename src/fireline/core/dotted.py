r"""Dotted paths: where in somebody's JSON a value stands, such as `issue.fields.components.0.name`.

Between the dots stand keys of objects and, by number, items of lists (-1 is the last). A dot that belongs to a key
is written `\.`; a path that begins with `=` is no path but the value itself.
"""

from __future__ import annotations

import re
from typing import Any

from fireline.core.refusal import Refused

_DOT = re.compile(r"(?<!\\)\.")


class Missing(Refused):
    """The body has nothing at this path."""


def value_at(body: Any, path: str) -> str:
    """The value as text: numbers and yes or no as JSON writes them, lists with commas. None and "" are missing.

    Raises `Missing` naming the path and how far it led, and `Refused(400)` when an object stands there.
    """
    if path.startswith("="):
        return path[1:]
    found, walked = body, ""
    for part in _DOT.split(path):
        found = _step(found, part.replace("\\.", "."), path, walked)
        walked = f"{walked}.{part}".lstrip(".")
    text = _text(found, path)
    if not text.strip():
        raise Missing(f"`{path}` is empty.", status=400, field=path)
    return text


def _step(found: Any, part: str, path: str, walked: str) -> Any:
    match found:
        case dict() if part in found:
            return found[part]
        case list() if re.fullmatch(r"-?\d{1,6}", part) and -len(found) <= int(part) < len(found):
            return found[int(part)]
        case dict() | list():
            why = f"has no {'item' if isinstance(found, list) else 'key'} {part}"
        case _:
            why = "is a plain value"
    raise Missing(f"`{path}` leads nowhere: {walked or 'the body'} {why}.", status=400, field=path)


def _text(found: Any, path: str) -> str:
    match found:
        case None:
            return ""
        case bool():
            return "true" if found else "false"
        case str() | int() | float():
            return str(found)
        case list():
            return ", ".join(filter(None, (_text(one, path) for one in found)))
        case _:
            raise Refused(f"`{path}` is an object: name the key in it that is meant.", status=400, field=path)
