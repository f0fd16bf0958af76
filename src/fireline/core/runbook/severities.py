"""The severity table, written as headings, as a table in any column order, or as bullets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fireline.core.runbook.model import Severity
from fireline.core.runbook.tree import Item, Prose, Section, Table
from fireline.core.runbook.words import plain

ID = re.compile(
    r"^\W*(?P<kind>P|SEV(?:ERITY)?|S|PRIO(?:RITY)?)[\s-]?(?P<number>[0-5])\b\W*(?P<rest>.*)$", re.IGNORECASE | re.DOTALL
)
# What follows the id in a bullet: "(Critical): gone", "- Critical - gone", ": gone", " Critical: gone".
NAMED = re.compile(
    r"^(?:\((?P<bracketed>[^)]{1,40})\)|[-–—]?\s*(?P<dashed>[A-Za-z][\w /]{0,23}(?=\s*[:–—]|\s-\s)))?"
    r"[\s:)*,–—-]*(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
TIME = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)\s*(?:-\s*\d+\s*)?(?:(?:business|working|calendar)\s+)?(?P<unit>m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|s(?:ec(?:ond)?s?)?)\b",
    re.IGNORECASE,
)
MINUTES = {"s": 1 / 60, "m": 1, "h": 60, "d": 24 * 60}
IMMEDIATE = re.compile(r"\bimmediate(?:ly)?\b|\binstant|\bright away\b|\bnow\b", re.IGNORECASE)
NEXT_DAY = re.compile(r"\bnext (?:business |working )?day\b", re.IGNORECASE)
HALF_HOUR = re.compile(r"\bhalf an hour\b", re.IGNORECASE)
AN_HOUR = re.compile(r"\b(?:an|one) hour\b", re.IGNORECASE)
# What most teams promise, by rank, for a row that promises nothing: 5 and 15 minutes, 1 and 4 hours, a day.
USUAL = (5, 15, 60, 240, 1440)
RATE = re.compile(r"(?P<low>\d+(?:\.\d+)?)\s*%?\s*(?:-|–|to)\s*(?P<high>\d+(?:\.\d+)?)\s*(?:%|percent)", re.IGNORECASE)
RESPONSE = re.compile(r"respon|acknowledg|time|sla|target|within", re.IGNORECASE)
IMPACT = re.compile(r"impact|description|definition|meaning|criteria|what", re.IGNORECASE)
EXAMPLES = re.compile(r"example|e\.g", re.IGNORECASE)
NAME = re.compile(r"^(?:name|label|title|severity|level|priority|class)", re.IGNORECASE)


def read_severities(root: Section) -> tuple[Severity, ...]:
    """Give the severities, gravest first; headings win over a table, a table over bullets."""
    for read in (_from_headings, _from_tables, _from_bullets):
        by_id: dict[str, Severity] = {}
        for severity in read(root):
            by_id.setdefault(severity.id, severity)
        if len(by_id) > 1:
            return tuple(sorted(by_id.values(), key=lambda s: int(s.id[-1])))
    return ()


def minutes_in(text: str) -> int | None:
    """Give the minutes a promise such as "Immediate (< 5 minutes)", "Within 1 hour" or "4h" names; None for none."""
    if match := TIME.search(text):
        return max(1, round(float(match["number"]) * MINUTES[match["unit"][0].lower()]))
    for words, minutes in ((HALF_HOUR, 30), (AN_HOUR, 60), (IMMEDIATE, USUAL[0]), (NEXT_DAY, 1440)):
        if words.search(text):
            return minutes
    return None


def read_error_range(severities: Sequence[Severity]) -> tuple[Severity, float, float] | None:
    """Give (row, low, high) in percent of an example such as "Increased error rate (1-5%)"; None without one."""
    for row in severities:
        for example in row.examples:
            rate = RATE.search(example)
            if rate and "error" in example.lower():
                low, high = sorted((float(rate["low"]), float(rate["high"])))
                return row, low, high
    return None


def identify(text: str) -> tuple[str, str] | None:
    """Give (id, rest) of a text that begins with a severity: "P0 - Critical" is ("P0", "Critical")."""
    match = ID.match(plain(text))
    if not match:
        return None
    kind = match["kind"].upper()
    kind = "SEV" if kind.startswith("SEV") else "P" if kind.startswith("PRIO") else kind
    return f"{kind}{match['number']}", match["rest"].strip(" )*:-–—")


def _made(found: tuple[str, str], line: int, *, impact: str, response: str, examples: tuple[str, ...]) -> Severity:
    identity, name = found
    first = 0 if identity.startswith("P") else 1
    usual = USUAL[min(max(int(identity[-1]) - first, 0), len(USUAL) - 1)]
    minutes = minutes_in(response)
    return Severity(
        id=identity,
        name=name,
        impact=impact,
        response_minutes=usual if minutes is None else minutes,
        examples=examples,
        line=line,
    )


def _from_headings(root: Section) -> Iterator[Severity]:
    for section in root.walk():
        found = identify(section.title)
        if not found or len(section.title) > 60:
            continue
        impact, response = "", ""
        examples: tuple[str, ...] = ()
        for part in section.parts:
            if EXAMPLES.search(part.title):
                examples = _listed(part)
            elif RESPONSE.search(part.title):
                response = response or part.prose()
            elif IMPACT.search(part.title):
                impact = impact or part.prose()
        if section.lead and not (section.parts or section.blocks):
            continue
        text = section.prose()
        bullets = tuple(plain(b.text) for b in section.blocks if isinstance(b, Item) and b.depth == 0)
        stated = next((t for t in (text, *bullets) if RESPONSE.search(t) and TIME.search(t)), "")
        yield _made(
            found,
            section.line,
            impact=impact or text,
            response=response or stated,
            examples=examples or tuple(b for b in bullets if not RESPONSE.search(b) or not TIME.search(b)),
        )


def _listed(section: Section) -> tuple[str, ...]:
    items = tuple(plain(b.text) for b in section.blocks if isinstance(b, Item) and b.depth == 0)
    return items or _split(section.prose())


def _split(text: str) -> tuple[str, ...]:
    return tuple(t.strip(" .") for t in re.split(r"<br\s*/?>|[;,\n•]", text) if t.strip(" ."))


def _from_tables(root: Section) -> Iterator[Severity]:
    for section in root.walk():
        for table in (b for b in section.blocks if isinstance(b, Table)):
            column = next((c for c in range(len(table.header)) if _ids(table, c) > 1), None)
            if column is not None:
                yield from _from_table(table, column)


def _ids(table: Table, column: int) -> int:
    return sum(1 for row in table.rows if column < len(row.cells) and identify(row.cells[column]))


def _from_table(table: Table, column: int) -> Iterator[Severity]:
    others = [c for c in range(len(table.header)) if c != column]
    examples = _named(table, others, EXAMPLES)
    response = _named(table, [c for c in others if c != examples], RESPONSE)
    impact = _named(table, [c for c in others if c not in (examples, response)], IMPACT)
    name = _named(table, [c for c in others if c not in (examples, response, impact)], NAME)
    for row in table.rows:
        cells = [plain(c) for c in row.cells] + [""] * len(table.header)
        if not (found := identify(cells[column])):
            continue
        yield _made(
            (found[0], found[1] or (cells[name] if name is not None else "")),
            row.line,
            impact=cells[impact] if impact is not None else "",
            response=cells[response] if response is not None else "",
            examples=_split(row.cells[examples]) if examples is not None and examples < len(row.cells) else (),
        )


def _named(table: Table, columns: list[int], words: re.Pattern[str]) -> int | None:
    return next((c for c in columns if words.search(plain(table.header[c]))), None)


def _from_bullets(root: Section) -> Iterator[Severity]:
    for section in root.walk():
        for block in section.blocks:
            if not isinstance(block, Item | Prose):
                continue
            words = plain(block.text)
            found, match = identify(words), ID.match(words)
            named = NAMED.match(words[match.start("rest") - 1 :].strip()) if match else None
            if found and named:
                name, rest = named["bracketed"] or named["dashed"] or "", named["rest"].strip()
                impact = rest or name
                made = (found[0], name.strip() if rest else "")
                yield _made(made, block.line, impact=impact, response=impact, examples=())
