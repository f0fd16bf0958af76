"""Code blocks to statements: which blocks are commands, and what in them a shell would run.

The counting rule: a command is one top-level shell statement of a command block. A loop or a pipe is one,
continuation lines and here-documents belong to it. Comments that stand alone are steps for a person. Prompts
are taken off, and what a terminal printed after one is never a command. Without a language on the block, only
statements that begin with a program known to operators count, so that recorded output and templates stay text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from fireline.core.guard.tree import Script
from fireline.core.runbook.fill import HERE_DOCUMENT, quotes_at
from fireline.core.runbook.language import TAGS, Language, foreign_rows
from fireline.core.runbook.model import Finding
from fireline.core.runbook.placeholders import stand_in
from fireline.core.runbook.tree import Fence

Shell = Callable[[str], Script]

SHELL_LANGUAGES = frozenset({"bash", "sh", "shell", "zsh", "ksh"})
TERMINAL_LANGUAGES = frozenset({"console", "terminal", "shell-session", "shellsession", "sh-session", "cmd"})
PLAIN_LANGUAGES = frozenset({"", "text", "txt", "plaintext", "none"})
TEMPLATE_LANGUAGES = PLAIN_LANGUAGES | {"markdown", "md"}
PROMPT = re.compile(
    r"^\s*(?:[$❯➜]\s+|%\s+(?=[a-z./])|\[[\w.-]+@[\w.-]+ [^\]]*\][$#]\s+|\(?[\w.-]+@[\w.-]+:[^$#%\s]*\s?[$#%]\s+"
    r"|(?:sh|bash)-\d[\d.]*[$#]\s+)"
)
MORE_PROMPT = re.compile(r"^\s*>\s?")
MANIFEST = re.compile(r"^\s*(?:apiVersion|kind|metadata|spec):(?:\s|$)")
NUMBERED = re.compile(r"^(?P<step>\d+(?:\.\d+)*)[.)]\s+(?P<title>.+)$")
BULLET = re.compile(r"^(?:[-*]|\d+[.)])\s+")
FIRST_WORD = re.compile(r"^\s*(?:[A-Za-z_]\w*=\S*\s+)*(?:sudo\s+(?:-\w+\s+)*)?(?P<word>[\w./-]+)(?P<more>\s+\S)?")
PROGRAMS = frozenset(
    """kubectl oc helm kubeadm crictl etcdctl calicoctl istioctl linkerd argocd flux stern k9s virtctl odf noobaa rosa
    ocm curl wget http psql pg_ctl pg_isready pg_dump patronictl pgbackrest redis-cli mysql mysqladmin mongosh mongo
    cqlsh nodetool rabbitmqctl ceph rados rbd radosgw-admin kafka-topics kafka-consumer-groups docker podman buildah
    skopeo git gh ssh scp rsync systemctl journalctl supervisorctl service aws gcloud gsutil az doctl terraform ansible
    ansible-playbook vault consul nomad promtool amtool logcli pd npm npx yarn pip python python3 make ping dig nslookup
    traceroute mtr nc telnet ss netstat iptables nft tcpdump ethtool ps kill pkill df du free vmstat iostat lsof ls cat
    tail head grep awk sed find cp mv rm mkdir chmod chown watch jq openssl dmesg uptime mount umount lsblk blkid tar
    logrotate nginx haproxy chronyc timedatectl""".split()  # noqa: SIM905
)
SHELL_WORDS = frozenset("for while until if case export echo cd source set read sudo".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement, or (manual) one step for a person, with its place in the file."""

    text: str
    line: int
    column: int
    title: str | None
    step: str | None
    manual: bool = False
    columns: tuple[int, ...] = ()


@dataclass(slots=True)
class Lines:
    """The lines a shell would see, each with its place in the file."""

    texts: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)

    def add(self, text: str, number: int, column: int) -> None:
        """Take one line that stands at (number, column), both from 1."""
        self.texts.append(text)
        self.numbers.append(number)
        self.columns.append(column)


def is_command(fence: Fence) -> bool:
    """Whether this block holds commands: by its language, by prompts, or by a known program in front."""
    if fence.info in SHELL_LANGUAGES:
        return True
    first = next((t for t in fence.lines if t.strip() and not t.lstrip().startswith("#")), "")
    if MANIFEST.match(first) or fence.info not in TERMINAL_LANGUAGES | PLAIN_LANGUAGES:
        return False
    if any(PROMPT.match(line) for line in fence.lines):
        return True
    return known_program(first)


def known_program(text: str, *, alone: bool = True) -> bool:
    """Whether a text begins with a program operators use; with `alone` False it also wants an argument."""
    match = FIRST_WORD.match(text)
    if not match:
        return False
    word = match["word"].rsplit("/", 1)[-1]
    return (word in PROGRAMS or (alone and word in SHELL_WORDS)) and (alone or bool(match["more"]))


def pieces(fence: Fence, source: Sequence[str], shell: Shell) -> tuple[list[Piece], list[Finding]]:
    """Split a command block; `source` is the page's lines, for columns. What is no shell is left out and told."""
    prompted = any(PROMPT.match(line) for line in fence.lines)
    marked = fence.info in SHELL_LANGUAGES and not prompted  # every line is a command, says the page
    foreign = {} if prompted else foreign_rows(fence.lines, command=known_program, goes_on=_open)
    if marked and fence.lines and len(foreign) == len(fence.lines):
        return [], [_foreign(fence, source, 0, foreign[0], whole=True)]
    printed = {row for row, language in foreign.items() if language == "printed output"}
    lines = _prompted(fence, source) if prompted else _plain(fence, source, printed)
    if not "".join(lines.texts).strip():
        return [], []
    spans, trouble = _spans(lines, shell)
    if marked and trouble and foreign:
        lines = _plain(fence, source, set(foreign))
        spans, trouble = _spans(lines, shell)
    text = "\n".join(lines.texts)
    if trouble or not (prompted or fence.info in SHELL_LANGUAGES):
        spans = [(s, e) for s, e in spans if known_program(text[s:e])]
    if marked:
        kept = [(s, e) for s, e in spans if text.count("\n", 0, s) not in foreign]
        left_out = printed or len(kept) < len(spans) or any(foreign.get(r) and not t for r, t in enumerate(lines.texts))
        trouble += [_foreign(fence, source, min(foreign), foreign[min(foreign)], whole=False)] if left_out else []
        spans = kept
    found = list(_titled(text, lines, spans))
    if fence.info not in SHELL_LANGUAGES and not prompted:
        found = [p for p in found if not p.manual]  # a `#` in plain text is no comment
    return found, trouble


def _foreign(fence: Fence, source: Sequence[str], row: int, language: Language, *, whole: bool) -> Finding:
    """What to do about a shell block, or a part of one, that is no shell."""
    tag = TAGS[language]
    if whole:
        message = f"This block is marked {fence.info} but holds {language}: nothing in it is run. Mark it {tag}."
        return Finding(
            code="wrong-tag", line=fence.line, severity="warning", message=message, column=_column(source, fence.line)
        )
    message = f"This is {language}, not shell: it is never run. Put it into a block of its own, marked {tag}."
    code = "wrong-tag" if language in ("SQL", "PromQL", "PowerShell") else "printed-output"
    line = fence.first + row
    return Finding(code=code, line=line, severity="warning", message=message, column=_column(source, line))


def _column(source: Sequence[str], number: int, text: str = "") -> int:
    """Give the column at which a text begins in its line; without one, that of the first character."""
    whole = source[number - 1] if number <= len(source) else ""
    return (max(whole.find(text), 0) if text else len(whole) - len(whole.lstrip())) + 1


def _plain(fence: Fence, source: Sequence[str], left_out: Collection[int]) -> Lines:
    """Take the lines as they stand, without the indentation they share; rows left out become blank."""
    lines = Lines()
    shared = min((len(t) - len(t.lstrip()) for t in fence.lines if t.strip()), default=0)
    for offset, text in enumerate(fence.lines):
        number = fence.first + offset
        kept = "" if offset in left_out else text[shared:]
        lines.add(kept, number, _column(source, number, kept))
    return lines


def _prompted(fence: Fence, source: Sequence[str]) -> Lines:
    """Keep what was typed at prompts, and the comments and blank lines between; drop what was printed."""
    lines = Lines()
    typed = ""  # the command being typed, while it is not complete
    for offset, text in enumerate(fence.lines):
        number = fence.first + offset
        if typed:
            text = text if "<<" in typed else MORE_PROMPT.sub("", text)  # noqa: PLW2901
        elif prompt := PROMPT.match(text):
            text = text[prompt.end() :]  # noqa: PLW2901
        elif text.strip() and not text.lstrip().startswith("#"):
            continue  # printed
        elif text.lstrip().startswith("# ") and lines.texts and lines.texts[-1].strip():
            continue  # printed too: a comment of the author stands after a blank line, or first
        lines.add(text, number, _column(source, number, text))
        if typed or not text.lstrip().startswith("#"):
            typed = f"{typed}\n{text}" if typed else text
            typed = typed if _open(typed) else ""
    return lines


def _open(text: str) -> bool:
    """Whether a command goes on in the next line: a backslash, open quotes, or an open here-document."""
    if text.endswith("\\") or quotes_at(text, len(text)) in ("'", '"'):
        return True
    ends = text.split("\n")[1:]
    return any(all(line.lstrip("\t") != m[2] for line in ends) for m in HERE_DOCUMENT.finditer(text))


def _spans(lines: Lines, shell: Shell) -> tuple[list[tuple[int, int]], list[Finding]]:
    """Give the (start, end) of each top-level statement; where the shell cannot read, of each whole line."""
    text = "\n".join(lines.texts)
    script = shell(stand_in(text))
    if script.error is None:
        return [(s.start, _with_document(text, s.start, s.end)) for s in script.statements], []
    spans: list[tuple[int, int]] = []
    start: int | None = None
    at = 0
    for line in lines.texts:
        end = at + len(line)
        if start is None and line.strip() and not line.lstrip().startswith("#"):
            start = at + len(line) - len(line.lstrip())
        if start is not None and not _open(text[start:end]):
            spans.append((start, end))
            start = None
        at = end + 1
    if start is not None:
        spans.append((start, len(text)))
    message = f"A shell cannot read this block ({script.error}) Only lines with a known program in front are commands."
    finding = Finding(
        code="shell-syntax", line=lines.numbers[0], severity="warning", message=message, column=lines.columns[0]
    )
    return spans, [finding]


def _with_document(text: str, start: int, end: int) -> int:
    """Stretch a statement to the end of its here-documents."""
    opening = text.find("\n", end)
    for document in HERE_DOCUMENT.finditer(text, start, end if opening < 0 else opening):
        close = re.compile(rf"^\t*{re.escape(document[2])}$", re.MULTILINE).search(text, document.end())
        if close:
            end = max(end, close.end())
    return end


def _titled(text: str, lines: Lines, spans: list[tuple[int, int]]) -> Iterator[Piece]:
    """Walk the lines: comments wait for the statement below them, or become a step for a person."""
    starts = [0]
    for line in lines.texts:
        starts.append(starts[-1] + len(line) + 1)
    by_row: dict[int, list[tuple[int, int]]] = {}
    for start, end in spans:
        by_row.setdefault(bisect_right(starts, start) - 1, []).append((start, end))
    comments: list[tuple[int, str]] = []
    title: str | None = None
    step: str | None = None
    row = 0
    while row < len(lines.texts):
        if row not in by_row:
            words = lines.texts[row].strip()
            if words.startswith("#") and not words.startswith("#!"):
                comments.append((row, words.lstrip("#").strip()))
            else:
                yield from _manual(comments, lines)
                comments, title, step = [], None, None
            row += 1
            continue
        if comments:
            title, step = _title(comments)
            comments = []
        last = row
        for start, end in by_row[row]:
            last = max(last, bisect_right(starts, end - 1) - 1)
            column = lines.columns[row] + start - starts[row]
            beside = re.search(r"\s#\s*(\S.*)$", text[end : starts[last + 1] - 1])
            named = title or (beside[1].strip() if beside else None)
            until = bisect_right(starts, end - 1) - 1
            columns = (column, *lines.columns[row + 1 : until + 1])
            yield Piece(text[start:end], lines.numbers[row], column, named, step, columns=columns)
        row = last + 1
        while row in by_row and row <= last:
            row += 1
    yield from _manual(comments, lines)


def _title(comments: list[tuple[int, str]]) -> tuple[str | None, str | None]:
    """Give title and step number of a comment group: its first line that says something."""
    words = next((c for _, c in comments if c), None)
    numbered = NUMBERED.match(words) if words else None
    return (numbered["title"], numbered["step"]) if numbered else (words, None)


def _manual(comments: list[tuple[int, str]], lines: Lines) -> Iterator[Piece]:
    """Make a step for a person out of comments that nothing follows."""
    said = [(row, words) for row, words in comments if words]
    if not said:
        return
    title, step = _title(comments)
    rest = "; ".join(BULLET.sub("", words) for _, words in said[1:])
    row = said[0][0]
    whole = f"{title}: {rest}" if rest else title
    yield Piece("", lines.numbers[row], lines.columns[row], whole, step, manual=True)
