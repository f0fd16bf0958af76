"""From a terminal customers are brought in from a table and written to as from the page."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cli.conftest import introduce, settled, token
from cli.typist import Typist
from kiosk import until
from workflows.postbox import Postbox, postbox

SETTINGS = """\
[runbooks]
paths = ["runbooks"]

[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "care@lantern.example"

[customers]
pace = 0

[people.ana]
mail = "ana@lantern.example"
"""
LETTER = ("incident", "letter")
FILLED = (
    "--choice", "Action Required", "--from", "2026-03-02T12:00", "--until", "2026-03-02T12:50", "--impact",
    "You could not pay.", "--cause", "A disk was full.", "--resolution", "We made room.", "--prevention",
    "We watch it.", "--service", "lantern",
)  # fmt: skip


@pytest.fixture(scope="module")
def box() -> Iterator[Postbox]:
    with postbox() as found:
        yield found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, box: Postbox) -> Iterator[Typist]:
    """Ana beside a fireline with a mail server."""
    typist = settled(tmp_path_factory.mktemp("letters"))
    (typist.folder / "fireline.toml").write_text(SETTINGS.format(port=box.port))
    introduce(typist, ana="admin", ben="responder")
    with typist.serving() as said:
        typist.environment |= {"FIRELINE_URL": said[-1].rpartition(" ")[2], "FIRELINE_TOKEN": token(typist, "ana")}
        yield typist


@pytest.mark.req(91, 92)
def test_from_a_table_to_everybodys_mailbox(served: Typist, box: Postbox) -> None:
    (served.folder / "customers.csv").write_text(
        "mail,services\ncleo@example.com,lantern;blog\ndora@example.com,blog\n"
    )
    assert "2 customers, 2 of them new" in served.says("customers", "import", "customers.csv")
    assert "2 customers, 0 of them new" in served.says("customers", "import", "customers.csv")
    told = served.says("customers", "list")
    assert "2 get mail (2 of blog, 1 of lantern); 0 want no more." in told
    number = str(json.loads(served.says("declare", "Redis is down", "--severity", "P1", "--json"))["number"])
    assert "not written to yet" in served.says(*LETTER, "list", number)
    assert "Stops it A blank that nobody filled" in served.says(*LETTER, "preview", number)
    said = served.says(*LETTER, "draft", number, *FILLED)
    assert "To 1: customers of lantern" in said
    assert "Subject: Action Required: Lantern Books was not at its best on 2 March 2026" in said
    assert "Sent to ana@lantern.example." in served.says(*LETTER, "test", number, "1")
    own = served.types(*LETTER, "approve", number, "1", "--yes", "--meant")
    assert (own.returncode, "any other person" in own.stderr) == (1, True)
    unasked = served.types(*LETTER, "approve", number, "1", FIRELINE_TOKEN=token(served, "ben"))
    assert (unasked.returncode, "--yes" in unasked.stderr) == (1, True)
    said = served.says(*LETTER, "approve", number, "1", "--yes", "--meant", FIRELINE_TOKEN=token(served, "ben"))
    assert "Going out to 1 of our customers" in said
    until(lambda: "1. sent, by ana" in served.says(*LETTER, "list", number))  # as a whole, not only its copy
    assert box.to() == ["ana@lantern.example", "cleo@example.com"]
    late = served.types(*LETTER, "withdraw", number, "1", "--reason", "wrong")
    assert (late.returncode, late.stderr.count("\n")) == (1, 1)
    assert served.types(*LETTER, "again", number, "1", "1").returncode == 1


def test_a_draft_is_taken_back_and_a_customer_leaves(served: Typist) -> None:
    number = str(json.loads(served.says("declare", "Search is slow", "--severity", "P2", "--json"))["number"])
    served.says(*LETTER, "draft", number, "--subject", "FYI", "--text", "All is well.", "--service", "*")
    assert "goes to nobody" in served.says(*LETTER, "withdraw", number, "1", "--reason", "it is not")
    (served.folder / "one.csv").write_text("e-mail\nemil@example.com\n")
    served.says("customers", "import", "one.csv")
    assert "gets no more mail" in served.says("customers", "leave", "emil@example.com")
    assert "1 want no more" in served.says("customers", "list")


def test_a_table_that_is_wrong_is_one_line(served: Typist) -> None:
    (served.folder / "wrong.csv").write_bytes(b"mail\nnobody\n")
    (served.folder / "latin.csv").write_bytes(b"mail\n\xff\n")
    for file, said in (("wrong.csv", "Row 2"), ("latin.csv", "no UTF-8"), ("none.csv", "cannot be read")):
        done = served.types("customers", "import", file)
        assert (done.returncode, done.stderr.count("\n"), said in done.stderr) == (1, 1, True)
