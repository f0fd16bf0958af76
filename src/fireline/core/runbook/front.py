"""Front matter: the few facts a runbook may state about itself, above its first heading.

Only what runbooks use is read: `key: value`, `key: [a, b]` and `key:` with a dashed list. Anything else is
kept as text or passed over; a page is never refused for its front matter.
"""

from __future__ import annotations

import re

KEY = re.compile(r"^(?P<key>[A-Za-z][\w-]*)\s*:\s*(?P<value>.*)$")
DASH = re.compile(r"^\s*-\s+(?P<value>.+)$")


def read_front(text: str) -> dict[str, str | tuple[str, ...]]:
    """Give the facts by lower-case key; dashes in keys become underscores."""
    facts: dict[str, str | tuple[str, ...]] = {}
    key = ""
    for line in text.split("\n"):
        dashed = DASH.match(line)
        named = KEY.match(line)
        if dashed and key:
            held = facts.get(key, ())
            before = held if isinstance(held, tuple) else ((held,) if held else ())
            facts[key] = (*before, _bare(dashed["value"]))
        elif named:
            key = named["key"].lower().replace("-", "_")
            value = named["value"].strip()
            if value.startswith("[") and value.endswith("]"):
                facts[key] = tuple(_bare(v) for v in value[1:-1].split(",") if v.strip())
            else:
                facts[key] = _bare(value)
    return facts


def words_of(facts: dict[str, str | tuple[str, ...]], key: str) -> tuple[str, ...]:
    """Give a fact as a list, whether it was written as one or as `a, b`."""
    value = facts.get(key, ())
    if isinstance(value, tuple):
        return value
    return tuple(v.strip() for v in value.split(",") if v.strip())


def word_of(facts: dict[str, str | tuple[str, ...]], key: str) -> str | None:
    """Give a fact as one text, None where it is missing or empty."""
    value = facts.get(key)
    return (", ".join(value) if isinstance(value, tuple) else value) or None


def _bare(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return re.sub(r"\s+#.*$", "", value).strip()
