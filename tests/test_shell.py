"""Shell text becomes a tree with character offsets; whatever cannot be read becomes a sentence, never a crash."""

from __future__ import annotations

import pytest

from fireline import shell
from fireline.core.guard import tree


def cut(text: str) -> list[str]:
    return [text[statement.start : statement.end] for statement in shell.parse(text).statements]


def test_statements_are_cut_by_characters_not_bytes() -> None:
    assert cut("echo é; ls 'ü' | cat\npwd &") == ["echo é", "ls 'ü' | cat", "pwd &"]


def test_a_here_document_belongs_to_its_statement() -> None:
    assert cut("cat <<EOF\nhi\nEOF\nls") == ["cat <<EOF\nhi\nEOF", "ls"]


def test_a_statement_that_another_spans_is_not_cut_from_it() -> None:
    assert cut("cat <<EOF; ls\nhi\nEOF") == ["cat <<EOF; ls\nhi\nEOF"]


def test_comments_and_continued_lines_are_understood() -> None:
    assert cut("# a remark\nkubectl get \\\n  pods # another\n") == ["kubectl get \\\n  pods"]


def test_a_text_that_is_no_shell_gets_a_sentence() -> None:
    script = shell.parse("kubectl get pod <name>\n(")
    assert script.statements == ()
    assert script.error is not None
    assert "shell text" in script.error


def test_what_bash_reads_differently_is_refused_or_opaque() -> None:
    assert shell.parse("ls\r\n").error is not None
    assert shell.parse("ls \x00").error is not None
    assert shell.parse("ls \ud800").error is not None
    assert any(isinstance(node, tree.Opaque) for node in tree.nodes(shell.parse("echo `a \\`b\\``").statements))


def test_too_long_and_too_deep_texts_get_a_sentence() -> None:
    assert "longer" in str(shell.parse("a" * (shell.LONGEST + 1)).error)
    assert "deeply" in str(shell.parse("( " * 200 + "ls" + " )" * 200).error)


def test_the_same_text_is_parsed_once() -> None:
    assert shell.parse("uptime -p") is shell.parse("uptime -p")


def test_escapes_and_quotes_are_taken_away() -> None:
    [statement] = shell.parse(r"""a\ b "c\"d" 'e' $'f\tg' "h\
i" """).statements
    assert isinstance(statement.command, tree.Call)
    texts = ["".join(getattr(part, "text", "?") for part in word.parts) for word in statement.command.words]
    assert texts == ["a b", 'c"d', "e", "f\tg", "hi"]


def test_without_shfmt_there_is_a_sentence_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "shfmt", lambda: None)
    assert "shfmt-py" in str(shell.parse("echo nobody parsed this before").error)
    shell.parse.cache_clear()


def test_texts_read_by_the_pile_get_the_same_trees_as_alone() -> None:
    texts = ["ls -l", "echo é; pwd", "cat <<EOF\nhi\nEOF", "", "# only a remark", "if true; then ls; fi", ":", ":\n:"]
    read = shell.parse_many(texts)
    assert set(read) == set(texts)
    assert {text: shell.parse(text) for text in texts} == read


@pytest.mark.parametrize(
    "pair",
    [
        ("ls", "echo '"), ("if true; then ls", "fi"), ("ls \\", "rm x"), ("cat <<EOF", "EOF"), ("ls |", "rm x"),
        (":\nrm x; echo '", "' ; ls"), ("f()", "{ rm x; }"), ("x=(1", "2)"), ("echo $(ls", "rm x)"), ("ls &&", "rm x"),
    ],
)  # fmt: skip
def test_what_does_not_end_by_itself_is_never_taken_for_another_text(pair: tuple[str, str]) -> None:
    read = shell.parse_many(["uptime", *pair, "pwd"])
    assert all(shell.parse(text) == tree for text, tree in read.items())
