"""shfmt's JSON as the guard's tree.

Whatever bash would read differently from shfmt (escapes within backquotes, say) is made opaque here, which
counts as a write.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from fireline.core.guard import tree
from fireline.core.guard.tree import Script

DEEPEST = 60  # levels of nesting; nobody reads a block deeper than that

GLOB = re.compile(r"[*?\[]")
ANSI = {"n": "\n", "t": "\t", "\\": "\\", "'": "'", '"': '"'}
SETS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})


def script(text: str, file: Any, *, base: int = 0) -> Script:
    """The tree of a text from shfmt's JSON of a file in which it begins at byte `base`."""
    try:
        return _Reader(text, text.encode(), base).script(file)
    except RecursionError:
        return Script(error="The text is nested too deeply to be read.")


def _unescape(text: str, pattern: str) -> str:
    """Take a backslash away before the characters of `pattern`; a broken line is joined."""
    return re.sub(rf"\\({pattern}|\n)", lambda found: "" if found[1] == "\n" else found[1], text)


class _Reader:
    """Turns shfmt's JSON into the guard's tree. `at` turns its byte offsets into character offsets.

    `base` is the byte at which the text begins in what shfmt was given.
    """

    def __init__(self, text: str, source: bytes, base: int) -> None:
        self.text = text
        self.base = base
        self.depth = 0
        self.offsets: list[int] | None = None
        if len(source) != len(text):
            self.offsets = [0] * (len(source) + 1)
            byte = 0
            for index, character in enumerate(text):
                width = len(character.encode())
                self.offsets[byte : byte + width] = [index] * width
                byte += width
            self.offsets[byte] = len(text)

    def at(self, node: Any, side: str) -> int:
        byte: int = node[side].get("Offset", 0) - self.base
        return self.offsets[byte] if self.offsets else byte

    def span(self, node: Any) -> dict[str, Any]:
        return {"start": self.at(node, "Pos"), "end": self.at(node, "End")}

    def opaque(self, node: Any, what: str) -> tree.Opaque:
        return tree.Opaque(**self.span(node), what=what)

    def script(self, file: Any) -> Script:
        found: list[tree.Statement] = []
        for statement in self.statements(file.get("Stmts")):
            last = found[-1] if found else None
            if last and statement.start < last.end:  # `cat <<EOF; ls`: one cannot be cut from the other
                end = max(last.end, statement.end)
                pair = tree.Pair(start=last.start, end=end, op=";", left=last, right=statement)
                found[-1] = tree.Statement(start=last.start, end=end, command=pair)
            else:
                found.append(statement)
        return Script(statements=tuple(found))

    def statements(self, nodes: Any) -> tuple[tree.Statement, ...]:
        return tuple(self.statement(node) for node in nodes or ())

    def statement(self, node: Any) -> tree.Statement:
        self.depth += 1
        if self.depth > DEEPEST:
            raise RecursionError
        redirects = tuple(self.redirect(item) for item in node.get("Redirs", ()))
        end = self.at(node, "End")
        semicolon = node.get("Semicolon")
        if semicolon and not node.get("Background"):
            end = self.at(node, "Semicolon")
        end = max(
            [
                self.at(node, "Pos") + len(self.text[self.at(node, "Pos") : end].rstrip()),
                *(item.end for item in redirects),
            ]
        )
        made = tree.Statement(
            start=self.at(node, "Pos"),
            end=end,
            command=self.command(node["Cmd"]) if node.get("Cmd") else None,
            redirects=redirects,
            background=bool(node.get("Background")),
        )
        self.depth -= 1
        return self.opaque_statement(made) if node.get("Coprocess") or node.get("Disown") else made

    def opaque_statement(self, made: tree.Statement) -> tree.Statement:
        hidden = tree.Opaque(start=made.start, end=made.end, what="a co-process")
        return tree.Statement(start=made.start, end=made.end, command=hidden)

    def command(self, node: Any) -> tree.Command:  # one case a kind of command
        span = self.span(node)
        match node["Type"]:
            case "CallExpr":
                return tree.Call(
                    **span,
                    assigns=tuple(self.assignment(item) for item in node.get("Assigns", ())),
                    words=self.words(node.get("Args")),
                )
            case "BinaryCmd":
                left, right = self.statement(node["X"]), self.statement(node["Y"])
                return tree.Pair(**span, op=node["Op"], left=left, right=right)
            case "Block" | "Subshell" as kind:
                return tree.Compound(**span, kind=kind.lower(), body=self.statements(node.get("Stmts")))
            case "IfClause":
                return self.branches(node)
            case "WhileClause":
                kind = "until" if node.get("Until") else "while"
                conditions = self.statements(node.get("Cond"))
                return tree.Compound(**span, kind=kind, conditions=conditions, body=self.statements(node.get("Do")))
            case "TimeClause" if node.get("Stmt"):
                return tree.Compound(**span, kind="time", body=(self.statement(node["Stmt"]),))
            case "CaseClause":
                items = node.get("Items", ())
                patterns = [word for item in items for word in self.words(item.get("Patterns"))]
                body = [made for item in items for made in self.statements(item.get("Stmts"))]
                words = (self.word(node["Word"]), *patterns)
                return tree.Compound(**span, kind="case", words=words, body=tuple(body))
            case "ForClause":
                return self.loop(node)
            case "FuncDecl":
                return tree.Function(**span, name=node["Name"]["Value"], body=self.statement(node["Body"]))
            case "TestClause" | "ArithmCmd":
                return self.test(node, (node.get("X"),))
            case "DeclClause":
                return self.declaration(node)
            case other:
                return self.opaque(node, other)

    def branches(self, node: Any) -> tree.Compound:
        conditions: list[tree.Statement] = []
        body: list[tree.Statement] = []
        branch = node
        while branch:
            conditions += self.statements(branch.get("Cond"))
            body += self.statements(branch.get("Then"))
            branch = branch.get("Else")
        return tree.Compound(**self.span(node), kind="if", conditions=tuple(conditions), body=tuple(body))

    def loop(self, node: Any) -> tree.Command:
        head, body = node["Loop"], self.statements(node.get("Do"))
        if node.get("Select") or head["Type"] not in ("WordIter", "CStyleLoop"):
            return self.opaque(node, "select")
        if head["Type"] == "CStyleLoop" and not head.get("Cond"):
            return self.opaque(node, "a loop that nothing ends")
        if head["Type"] == "CStyleLoop":
            return self.test(node, (head.get("Init"), head.get("Cond"), head.get("Post")), body)
        items = self.words(head.get("Items")) if head.get("InPos") else None
        return tree.For(**self.span(node), name=head["Name"]["Value"], items=items, body=body)

    def test(self, node: Any, inner: Any, body: tuple[tree.Statement, ...] = ()) -> tree.Test:
        names, assigned = self.arithmetic(inner, sums=node["Type"] != "TestClause")
        words = self.within(inner)
        return tree.Test(**self.span(node), words=words, names=names, assigned=assigned, body=body)

    def declaration(self, node: Any) -> tree.Declaration:
        flags, assigns = [], []
        for item in node.get("Args", ()):
            if item.get("Naked") and "Name" not in item:
                flags.append(self.word(item["Value"]))
            else:
                assigns.append(self.assignment(item))
        program = node["Variant"]["Value"]
        return tree.Declaration(**self.span(node), program=program, flags=tuple(flags), assigns=tuple(assigns))

    def assignment(self, node: Any) -> tree.Assignment:
        inner = self.within((node.get("Index"), node.get("Array")))
        names, _ = self.arithmetic(node.get("Index"), sums=True)
        value = self.word(node["Value"]) if node.get("Value") else None
        plain = not (node.get("Append") or node.get("Index") or node.get("Array") or node.get("Naked"))
        return tree.Assignment(
            **self.span(node), name=node["Name"]["Value"], value=value, plain=plain, inner=inner, names=names
        )

    def redirect(self, node: Any) -> tree.Redirect:
        body = None
        if node.get("Hdoc"):
            quoted = any(part["Type"] != "Lit" or "\\" in part["Value"] for part in node["Word"]["Parts"])
            body = self.word(node["Hdoc"], within="heredoc-quoted" if quoted else "heredoc")
        return tree.Redirect(**self.span(node), op=node["Op"], target=self.word(node["Word"]), body=body)

    def words(self, nodes: Any) -> tuple[tree.Word, ...]:
        return tuple(self.word(node) for node in nodes or ())

    def word(self, node: Any, *, within: str = "") -> tree.Word:
        parts = [made for part in node.get("Parts", ()) for made in self.part(part, within)]
        return tree.Word(**self.span(node), parts=tuple(parts))

    def part(self, node: Any, within: str) -> list[tree.Part]:  # one case a kind of part
        span, quoted = self.span(node), bool(within)
        match node["Type"]:
            case "Lit":
                return [self.literal(node, within)]
            case "SglQuoted" if node.get("Dollar"):
                if re.search(r"\\[^nt\\'\"]|\\$", node["Value"]):
                    return [self.opaque(node, "$'…' with an escape")]
                text = re.sub(r"\\(.)", lambda found: ANSI[found[1]], node["Value"])
                return [tree.Literal(**span, text=text, quoted=True)]
            case "SglQuoted":
                return [tree.Literal(**span, text=node.get("Value", ""), quoted=True)]
            case "DblQuoted" if not node.get("Dollar"):
                inner = [made for part in node.get("Parts", ()) for made in self.part(part, "quotes")]
                return inner or [tree.Literal(**span, text="", quoted=True)]
            case "ParamExp":
                return [self.expansion(node, quoted=quoted)]
            case "CmdSubst" | "ProcSubst" as kind:
                op = node.get("Op") or ("`" if node.get("Backquotes") else "$(")
                if op == "`" and "\\" in self.text[span["start"] : span["end"]]:
                    return [self.opaque(node, "a backslash within backquotes")]
                if kind == "CmdSubst" and (node.get("TempFile") or node.get("ReplyVar")):
                    return [self.opaque(node, "${ …; }")]
                inner_statements = self.statements(node.get("Stmts"))
                return [tree.Substitution(**span, op=op, statements=inner_statements, quoted=quoted)]
            case "ArithmExp":
                names, assigned = self.arithmetic((node.get("X"),), sums=True)
                inner_words = self.within(node.get("X"))
                return [tree.Arithmetic(**span, names=names, assigned=assigned, inner=inner_words)]
            case other:
                return [self.opaque(node, other)]

    def literal(self, node: Any, within: str) -> tree.Literal:
        raw, span = node["Value"], self.span(node)
        if within == "heredoc-quoted":
            return tree.Literal(**span, text=raw, quoted=True)
        if within:
            pattern = r"[$`\\]" if within == "heredoc" else r"[$`\"\\]"
            return tree.Literal(**span, text=_unescape(raw, pattern), quoted=True)
        bare = re.sub(r"\\.", "", raw, flags=re.DOTALL)
        glob = bool(GLOB.search(bare)) and raw != "["
        return tree.Literal(**span, text=_unescape(raw, "."), glob=glob)

    def expansion(self, node: Any, *, quoted: bool) -> tree.Part:
        operator = (node.get("Exp") or {}).get("Op")
        unusual = {"Excl", "Names", "NestedParam", "Flags", "Modifiers"} & {k for k, v in node.items() if v}
        if unusual or operator == "@" or "Param" not in node:
            return self.opaque(node, "an indirect expansion")
        extras = (node.get("Index"), node.get("Slice"), node.get("Repl"), node.get("Exp"))
        names, assigned = self.arithmetic((node.get("Index"), node.get("Slice")), sums=True)
        if assigned or names:
            return self.opaque(node, "arithmetic within an expansion")
        number = bool(node.get("Length")) or node["Param"]["Value"] in ("?", "#")
        return tree.Expansion(
            **self.span(node),
            name=node["Param"]["Value"],
            quoted=quoted,
            plain=not (any(extras) or number or node.get("Width")),
            assigns=operator in ("=", ":="),
            number=number,
            inner=self.within(extras),
        )

    def within(self, node: Any) -> tuple[tree.Word, ...]:
        """Every word found anywhere beneath `node`."""
        if isinstance(node, list | tuple):
            return tuple(word for item in node for word in self.within(item))
        if not isinstance(node, dict):
            return ()
        if "Parts" in node:
            return (self.word(node),)
        return self.within(list(node.values()))

    def arithmetic(self, node: Any, *, sums: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names that are evaluated as arithmetic beneath `node`, and names that are set."""
        names: list[str] = []
        assigned: list[str] = []
        self._sum(node, names, assigned, sums=sums)
        return tuple(names), tuple(assigned)

    def counted(self, part: Any) -> str:
        """The variable that a part of a sum reads, "" for a number, "?" for what may turn out to be code."""
        match part:
            case {"Type": "Lit", "Value": str(value)} if re.fullmatch(r"[0-9][\w#.]*|[@*]", value):
                return ""
            case {"Type": "Lit", "Value": str(value)} | {"Type": "ParamExp", "Param": {"Value": str(value)}} if (
                re.fullmatch(r"[A-Za-z_]\w*", value)
            ):
                return value
            case {"Type": "ParamExp", "Param": {"Value": "#" | "?" | "$" | "!"}}:
                return ""
            case {"Type": "CmdSubst"}:
                inner = tree.Word(start=0, end=0, parts=tuple(self.part(part, "")))
                return "" if tree.counts(inner) else "?"
            case {"Type": "ArithmExp"}:
                return ""
            case {"Type": "DblQuoted", "Parts": [inner]}:
                return self.counted(inner)
        return "?"

    def _sum(self, node: Any, names: list[str], assigned: list[str], *, sums: bool) -> None:
        onward = partial(self._sum, names=names, assigned=assigned)
        if isinstance(node, list | tuple):
            for item in node:
                onward(item, sums=sums)
            return
        if not isinstance(node, dict):
            return
        op = node.get("Op")
        if isinstance(op, str) and op in ("-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-v", "-R"):
            sums = True
        if sums and (op in SETS or op in ("++", "--")):
            target = (node.get("X") or {}).get("Parts", [{}])[0]
            assigned.append(target.get("Value") or (target.get("Param") or {}).get("Value") or "*")
        if "Parts" in node:
            names.extend(name for part in node["Parts"] if sums and (name := self.counted(part)))
            return
        for value in node.values():
            onward(value, sums=sums)
