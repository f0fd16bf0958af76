"""Markdown to a tree of sections, read the way a responder reads: bold lead-ins are headings too.

Only the block structure comes from markdown-it; what stands inside a line is read by `words`. Headings
inside lists, quotes or code blocks structure nothing: they belong to the list, the quote, the template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from fireline.core.runbook.words import plain

LEAD_LEVEL = 7  # below the six levels of Markdown headings
# **Symptoms:** text, **Symptoms**: text, or a line that is bold and nothing else
LEAD = re.compile(r"^\s*(\*\*|__)(?P<title>[^*\n]+?)(?P<in>:?)\s*\1(?P<out>\s*:)?(?P<rest>.*)$")
BOX = re.compile(r"^\[(?P<mark>[ xX])\]\s+")


@dataclass(slots=True)
class Prose:
    """A paragraph, as written; `item` is the list item it stands in."""

    line: int
    text: str
    item: Item | None = None


@dataclass(slots=True)
class Item:
    """A list item's first paragraph. `box` is None without a tick box."""

    line: int
    text: str
    depth: int
    number: int | None = None
    box: bool | None = None
    parent: Item | None = None


@dataclass(slots=True)
class Fence:
    """A code block: `line` opens it, `first` is the line of its first content; `closed` unless its end is missing."""

    line: int
    first: int
    info: str
    lines: tuple[str, ...]
    item: Item | None = None
    closed: bool = True


@dataclass(slots=True)
class Row:
    """One row of a table."""

    line: int
    cells: tuple[str, ...]


@dataclass(slots=True)
class Table:
    """A table with its header."""

    line: int
    header: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)


Block = Prose | Item | Fence | Table


@dataclass(slots=True, eq=False)
class Section:
    """A heading or bold lead-in with all that stands under it."""

    title: str
    level: int
    line: int
    parent: Section | None = None
    blocks: list[Block] = field(default_factory=list)
    parts: list[Section] = field(default_factory=list)

    @property
    def lead(self) -> bool:
        """Whether this is a bold lead-in, not a heading."""
        return self.level == LEAD_LEVEL

    def walk(self) -> Iterator[Section]:
        """This section and all below it, in the order of the page."""
        waiting = [self]
        while waiting:
            section = waiting.pop()
            yield section
            waiting.extend(reversed(section.parts))

    def above(self) -> Iterator[Section]:
        """This section, then its parents, inside out."""
        section: Section | None = self
        while section is not None:
            yield section
            section = section.parent

    def prose(self) -> str:
        """The paragraphs directly under the title, as one plain text."""
        return "\n".join(plain(b.text) for b in self.blocks if isinstance(b, Prose) and b.item is None)


def _markdown() -> MarkdownIt:
    md = MarkdownIt("commonmark").enable("table").use(front_matter_plugin)
    md.core.ruler.disable(["inline", "text_join"])  # blocks only: three times faster
    md.disable("reference")  # quadratic on a page of brackets, and nothing here follows a reference
    return md


MARKDOWN = _markdown()


def read_tree(text: str) -> tuple[Section, str]:
    """Give the section tree of a page and the raw text of its front matter ("" without)."""
    root = Section("", 0, 1)
    builder = _Builder(root)
    front = ""
    tokens = MARKDOWN.parse(text)
    for at, token in enumerate(tokens):
        if token.type == "front_matter":
            front = token.content
        else:
            builder.take(token, tokens, at)
    return root, front


class _Builder:
    """Turns the stream of tokens into sections. Lives for one page."""

    def __init__(self, root: Section) -> None:
        self.here = root
        self.items: list[Item | None] = []  # open list items, outermost first; None until the first words
        self.numbers: list[int | None] = []  # open lists: the next number, None for bullets
        self.row: list[str] | None = None
        self.row_line = 0
        self.table: Table | None = None
        self.quotes = 0

    def take(self, token: Token, tokens: Sequence[Token], at: int) -> None:
        """Take the next token of the page."""
        match token.type:
            case "inline":
                self._inline(token, tokens[at - 1])
            case "fence" | "code_block":
                self._fence(token)
            case "bullet_list_open":
                self.numbers.append(None)
            case "ordered_list_open":
                self.numbers.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self.numbers.pop()
            case "list_item_open":
                self.items.append(None)
            case "list_item_close":
                self.items.pop()
                if self.numbers and (number := self.numbers[-1]) is not None:
                    self.numbers[-1] = number + 1
            case "blockquote_open":
                self.quotes += 1
            case "blockquote_close":
                self.quotes -= 1
            case "table_open" | "tr_open" | "tr_close" | "table_close":
                self._table(token)
            case _:
                pass

    def _inline(self, token: Token, opener: Token) -> None:
        line = (token.map or [0])[0] + 1
        if self.row is not None:
            self.row.append(token.content)
        elif self.items or self.quotes:
            self._in_list(line, token.content)
        elif opener.type == "heading_open":
            self._open(Section(plain(token.content).rstrip(":"), int(opener.tag[1]), line))
        else:
            self._paragraph(line, token.content)

    def _in_list(self, line: int, text: str) -> None:
        if not self.items or self.items[-1] is not None:
            self.here.blocks.append(Prose(line, text, self._item()))
            return
        box = BOX.match(text)
        item = Item(
            line=line,
            text=text[box.end() :] if box else text,
            depth=len(self.items) - 1,
            number=self.numbers[-1] if self.numbers else None,
            box=None if box is None else box["mark"] != " ",
            parent=self._item(),
        )
        self.items[-1] = item
        self.here.blocks.append(item)

    def _item(self) -> Item | None:
        return next((i for i in reversed(self.items) if i is not None), None)

    def _paragraph(self, line: int, text: str) -> None:
        """Split a paragraph at its bold lead-ins; the rest of such a line is the first text under it."""
        kept: list[str] = []
        kept_from = line
        for offset, words in enumerate(text.split("\n")):
            lead = LEAD.match(words)
            if not lead or not (lead["in"] or lead["out"] or not lead["rest"].strip()):
                kept_from = kept_from if kept else line + offset
                kept.append(words)
                continue
            if kept:
                self.here.blocks.append(Prose(kept_from, "\n".join(kept)))
            self._open(Section(plain(lead["title"]).rstrip(":").strip(), LEAD_LEVEL, line + offset))
            kept, kept_from = ([lead["rest"].strip()] if lead["rest"].strip() else []), line + offset
        if kept:
            self.here.blocks.append(Prose(kept_from, "\n".join(kept)))

    def _open(self, section: Section) -> None:
        above = next(s for s in self.here.above() if s.level < section.level)
        section.parent = above
        above.parts.append(section)
        self.here = section

    def _fence(self, token: Token) -> None:
        start = (token.map or [0])[0] + 1
        first = start + 1 if token.type == "fence" else start
        lines = tuple(token.content.split("\n")[:-1] if token.content else ())
        info = token.info.strip().split(" ")[0].strip("{}").lower()
        ends = (token.map or [0, 0])[1]
        closed = token.type != "fence" or ends - start > len(lines)
        self.here.blocks.append(Fence(start, first, info, lines, self._item(), closed))

    def _table(self, token: Token) -> None:
        match token.type:
            case "tr_open":
                self.row, self.row_line = [], (token.map or [0])[0] + 1
            case "tr_close" if self.row is not None:
                if self.table is None:
                    self.table = Table(self.row_line, tuple(self.row))
                    self.here.blocks.append(self.table)
                else:
                    self.table.rows.append(Row(self.row_line, tuple(self.row)))
                self.row = None
            case "table_close":
                self.table = None
            case _:
                pass
