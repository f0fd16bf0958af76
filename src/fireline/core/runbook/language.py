"""What a block and its lines are written in, whatever its tag says.

Teams mark blocks `bash` that hold a query, a manifest, a log or what a command printed. A shell reads most of
that without complaint and would run it, so the tell-tale beginnings of other languages stand here. They are
chosen so that no line which an operator would type at a prompt begins like one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

Language = Literal["SQL", "PromQL", "PowerShell", "JSON", "YAML", "a log", "printed output", "plain words"]

# The tag that says it to a page viewer, for the hint.
TAGS: dict[Language, str] = {
    "SQL": "sql",
    "PromQL": "promql",
    "PowerShell": "powershell",
    "JSON": "json",
    "YAML": "yaml",
    "a log": "text",
    "printed output": "text",
    "plain words": "text",
}
LONGEST = 500  # characters of a line that are looked at; a beginning is shorter
AGGREGATES = (
    r"sum|avg|min|max|count|group|topk|bottomk|quantile|stddev|stdvar|count_values|rate|irate|increase|delta|idelta"
    r"|deriv|predict_linear|histogram_quantile|absent|absent_over_time|label_replace|label_join|round|ceil|floor|clamp"
    r"|clamp_min|clamp_max|changes|resets|sort|sort_desc|vector|scalar|(?:avg|min|max|sum|count|last|quantile)_over_time"
)
# The first that matches decides. Sources: the PromQL functions of https://prometheus.io/docs/prometheus/latest/querying/functions/,
# approved verbs of PowerShell, klog's header https://github.com/kubernetes/klog, syslog's RFC 3164 time.
BEGINNINGS: tuple[tuple[Language, re.Pattern[str]], ...] = (
    (
        "SQL",
        re.compile(
            r"(?:SELECT|WITH\s+\w+\s+AS|INSERT\s+INTO|UPDATE\s+[\w.\"]+\s+SET|DELETE\s+FROM|TRUNCATE\s+\w|VACUUM\b|REINDEX\b"
            r"|EXPLAIN\s+\w|(?:CREATE|ALTER|DROP)\s+(?:TABLE|INDEX|DATABASE|ROLE|USER|VIEW|SEQUENCE|UNIQUE|EXTENSION)"
            r"|(?:GRANT|REVOKE)\s+\w)(?=\s|\(|;|$)(?!\s+in\b)|(?:BEGIN|COMMIT|ROLLBACK)\s*;"
            r"|(?:FROM|WHERE|HAVING|(?:LEFT |INNER )?JOIN|(?:ORDER|GROUP) BY|LIMIT)\s+[\w\"(]"
            r"|(?i:select\s.+\sfrom\s|select\s+\w+\(.*\)\s*;|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s*\()"
            r"|(?i:alter|create|drop)\s+(?i:table|index|database|role|user)\s"
        ),
    ),
    (
        "PromQL",
        re.compile(
            rf"\(*\s*(?:{AGGREGATES})\s*(?:(?:by|without)\s*\([\w\s,]*\)\s*)?\((?!\))|\(+[a-zA-Z_:][\w:]*(?:\{{|\()"
            rf"|(?:{AGGREGATES})\s+(?:by|without)\s*\(|[a-zA-Z_:][\w:]*\{{\s*\w+\s*(?:=~|!~|!=|=)\s*[\"']"
            r"|[a-z][a-z0-9:]*_[\w:]*\s+(?:[<>]=?|==|!=)\s*[\d.]+\s*$|[a-z][a-z0-9:]*_[\w:]*\s*\*\s*on\s*\("
        ),
    ),
    (
        "PowerShell",
        re.compile(
            r"(?:\$\w+\s*=\s*)?(?:Get|Set|New|Remove|Start|Stop|Restart|Test|Invoke|Select|Where|Import|Export|Write|Add"
            r"|Enable|Disable|Update|Resolve|Connect|Clear|Format|Measure|Out|Wait)-[A-Z]\w+\b"
        ),
    ),
    (
        "JSON",
        re.compile(
            r"\{\s*\"[^\"]*\"\s*:|\[\s*(?:\{|\"[^\"$]*\"\s*[,\]])|\{\s*\}"
            r"|\"[\w.@/ -]+\"\s*:\s*(?:[\[{\"\d-]|true|false|null)"
        ),
    ),
    (
        "a log",
        re.compile(
            r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d|[IWEF]\d{4}\s+\d\d:\d\d:\d\d"
            r"|[A-Z][a-z]{2}\s+\d{1,2}\s\d\d:\d\d:\d\d\s"
            r"|(?:ts|time|level|msg|caller)=\S+\s+\w+=|\"(?:ts|time|level|msg|caller)\"=|\d{1,3}(?:\.\d{1,3}){3}\s-\s"
            r"|\[?(?:ERROR|WARN(?:ING)?|INFO|FATAL|DEBUG|PANIC)(?:[:\]]\s|\s+\S)|(?:Normal|Warning)\s{2,}\S|\"[^\"$`]*\s[^\"$`]*\"$"
        ),
    ),
    (
        "printed output",
        re.compile(
            # the head of a table that kubectl, ps or df printed: words in capitals, two blanks or more between them
            r"[A-Z][A-Z0-9()%/_-]*(?:\s{2,}[A-Z][A-Z0-9()%/_-]*(?: [A-Z]+)?){2,}\s*$|Filesystem\s{2,}\S"
            r"|Proto\s+Recv-Q\s"
            r"|[\w.-]+/[\w.-]+ (?:created|configured|unchanged|restarted|scaled|patched|labeled|annotated|rolled back)$"
            r"|Error from server \(|command terminated with exit code"
        ),
    ),
    ("YAML", re.compile(r"(?:- +)?[A-Za-z][\w./-]*:(?:\s|$)|-\s+[A-Z]\w*$|---$")),
    ("plain words", re.compile(r"(?://|--)(?:\s|$)|[A-Z][a-z]+(?: [\w',’-]+){4,}[.:]$")),
)


def language_of(line: str) -> Language | None:
    """Give what a line that a shell is to run is really written in; None when nothing speaks against a command."""
    text = line.strip()[:LONGEST]
    return next((language for language, begins in BEGINNINGS if begins.match(text)), None)


def foreign_rows(
    texts: Sequence[str], *, command: Callable[[str], bool], goes_on: Callable[[str], bool]
) -> dict[int, Language]:
    """Give the rows (from 0) of a block that are no shell, with what they are.

    `command` tells a line with a known program in front, `goes_on` whether a command is not complete yet, so that
    what stands in its quotes and here-documents is left alone. Something foreign ends with a blank line; what was
    printed also with a comment, a query or a manifest also with a command. A block that begins with something
    foreign and holds no command is foreign from its first to its last row.
    """
    rows: dict[int, Language] = {}
    typed = ""
    here: Language | None = None
    for row, text in enumerate(texts):
        if typed:
            typed = _more(f"{typed}\n{text}", goes_on)
            continue
        if here is not None and _ends(text, here, command):
            here = None
        here = here or _language(texts, row)
        if here is not None:
            rows[row] = here
        elif text.strip() and not text.lstrip().startswith("#"):
            typed = _more(text, goes_on)
    first = next((row for row, text in enumerate(texts) if text.strip() and not text.lstrip().startswith("#")), None)
    if first in rows and not any(command(text) for row, text in enumerate(texts) if row not in rows):
        each = (_language(texts, row) for row in range(len(texts)))
        return dict.fromkeys(
            range(len(texts)), next((one for one in each if one not in (None, "plain words")), rows[first])
        )
    return rows


def _language(texts: Sequence[str], row: int) -> Language | None:
    text = texts[row].strip()
    if text in ("{", "[", "[{"):
        below = texts[row + 1].strip() if row + 1 < len(texts) else ""
        return "JSON" if below in ("{", "[", "}", "]") or language_of(below) == "JSON" else None
    return None if text.startswith("#") else language_of(text)


def _more(typed: str, goes_on: Callable[[str], bool]) -> str:
    return typed if goes_on(typed) else ""


def _ends(text: str, language: Language, command: Callable[[str], bool]) -> bool:
    if not text.strip():
        return True
    if language in ("a log", "printed output"):
        return text.lstrip().startswith("#")
    return command(text) and language_of(text) is None
