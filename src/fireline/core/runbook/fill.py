"""Fill the blanks of a command: each value is checked against its kind and quoted for where it stands.

What comes out is the exact text that the guard judges, a person approves and the executor runs. A value can
never become an option (no leading dash) nor leave the quotes it stands in.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from fireline.core.refusal import Refused
from fireline.core.runbook.model import Command, Placeholder

LONGEST = 1000  # characters; a longer value is a paste gone wrong
PORT_MAX = 65535  # 16 bits, RFC 9293
KUBERNETES_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")  # RFC 1123 subdomain, at most 253
HOST = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9._]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
URL = re.compile(r"https?://[A-Za-z0-9\[][\w.~:/?#\[\]@!&*+,;=%-]*", re.ASCII)
INTEGER = re.compile(r"[0-9]{1,18}")
# Prometheus' `instance`, where the scheme is left out: https://prometheus.io/docs/concepts/jobs_instances/
INSTANCE = re.compile(r"(?P<host>[^:/\s]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
# Safe inside any quotes and inside a text that a second shell, or a database, reads again.
HARMLESS = re.compile(r"[\w .,:/@%+=~-]*")
READ_AGAIN = re.compile(r"(?:^|\s)(?:-[A-Za-z]*c|-e|--command|--eval|eval|exec|ssh|xargs|rsh|sh|bash)(?:\s|=|$)")
HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"\\]?)(\w+)")


def fill(command: Command, values: Mapping[str, str]) -> str:
    """Give the text to run: every blank filled, the block's bindings in front.

    Values come by placeholder name. Refused names the placeholder that is missing or does not fit.
    """
    if command.inside:
        raise Refused(
            f"It is meant for the shell that line {command.inside} opens, and would run on fireline's own machine. "
            "Write both as one command.",
            field="step",
        )
    pieces: list[str] = []
    done = 0
    for blank in command.placeholders:
        pieces += [command.text[done : blank.start], _fit(blank, values, command.text)]
        done = blank.end
    lines = [line for binding in command.bindings for line in (fill(binding, values),)]
    return "\n".join([*dict.fromkeys(lines), "".join([*pieces, command.text[done:]])])


def missing(command: Command, values: Mapping[str, str]) -> tuple[Placeholder, ...]:
    """Give the blanks that still want a value, one for each name, those of the bindings first."""
    return tuple(p for p in blanks(command) if not value_of(p, values))


def blanks(command: Command) -> tuple[Placeholder, ...]:
    """Give the blanks of a command, one for each name, those of the bindings first."""
    found = [p for c in (*command.bindings, command) for p in c.placeholders]
    return tuple({p.name: p for p in reversed(found)}.values())[::-1]


def value_of(blank: Placeholder, values: Mapping[str, str]) -> str:
    """Give what a blank stands for: the value of its own name, else of a label that means the same; "" for none.

    An instance is `host:port`: a host gets the one half, a port the other.
    """
    if value := values.get(blank.name, "").strip():
        return value
    for label in blank.labels:
        value = values.get(label, "").strip()
        if label == "instance" and blank.kind in ("host", "port"):
            instance = INSTANCE.fullmatch(value)
            value = (instance[blank.kind] or "") if instance else ""
        if value:
            return value
    return ""


def _fit(blank: Placeholder, values: Mapping[str, str], text: str) -> str:
    value = value_of(blank, values)
    if not value:
        raise Refused(f"Say what {blank.written} is ({_wanted(blank)}).", status=400, field=blank.name)
    if trouble := _trouble(blank, value):
        raise Refused(f"{blank.written}: {trouble}", status=400, field=blank.name)
    quotes = quotes_at(text, blank.start)
    if READ_AGAIN.search(text) or quotes == "here":
        if not HARMLESS.fullmatch(value):
            raise Refused(
                f"{blank.written} stands in a text that is read twice: letters, digits and . , : / @ % + = ~ - only.",
                status=400,
                field=blank.name,
            )
        return value if quotes else shlex.quote(value)
    match quotes:
        case '"':
            return re.sub(r'([\\"$`])', r"\\\1", value)
        case "'":
            return value.replace("'", "'\\''")
        case _:
            return shlex.quote(value)


def _trouble(blank: Placeholder, value: str) -> str | None:
    """Say what is wrong with a value, None when it fits."""
    if value.startswith("-"):
        return "a value may not start with a dash, the program would take it for an option."
    if len(value) > LONGEST or not value.isprintable():
        return f"a value is one line of at most {LONGEST} printable characters."
    match blank.kind:
        case "port":
            fits = bool(INTEGER.fullmatch(value)) and 0 < int(value) <= PORT_MAX
        case "integer":
            fits = bool(INTEGER.fullmatch(value))
        case "host":
            fits = bool(HOST.fullmatch(value))
        case "url":
            fits = bool(URL.fullmatch(value))
        case "kubernetes_name":
            fits = bool(KUBERNETES_NAME.fullmatch(value))
        case _:
            fits = True
    return None if fits else f"{value!r} does not fit; it has to be {_wanted(blank)}."


def _wanted(blank: Placeholder) -> str:
    return {
        "port": f"a port, 1 to {PORT_MAX}",
        "integer": "a whole number",
        "host": "a host name or address, with a port if need be",
        "url": "an address that begins with http:// or https://",
        "kubernetes_name": "a Kubernetes name: small letters, digits, dashes and dots",
        "text": "one line of text",
    }[blank.kind]


def quotes_at(text: str, at: int) -> str:
    """Give the quotes that offset `at` stands in: "'", '"', "here" for a here-document, or "" for none."""
    for opening in HERE_DOCUMENT.finditer(text):
        body = text.find("\n", opening.end())
        if 0 <= body < at:
            close = re.compile(rf"^\t*{re.escape(opening[2])}$", re.MULTILINE).search(text, body)
            if close is None or at < close.start():
                return "here"
    open_quotes = [""]  # `"$( " )"` nests, so a stack
    i = 0
    while i < at:
        char, state = text[i], open_quotes[-1]
        if state == "'":
            if char == "'":
                open_quotes.pop()
        elif char == "\\":
            i += 1
        elif char == '"':
            if state == '"':
                open_quotes.pop()
            else:
                open_quotes.append('"')
        elif text.startswith("$(", i):
            open_quotes.append("(")
            i += 1
        elif state == '"':
            pass
        elif char == "'":
            open_quotes.append("'")
        elif char == ")" and state == "(":
            open_quotes.pop()
        elif char == "#" and (i == 0 or text[i - 1].isspace()):
            i = max(i, min(at, text.find("\n", i) if "\n" in text[i:] else at) - 1)
        i += 1
    return open_quotes[-1] if open_quotes[-1] in ("'", '"') else ""
