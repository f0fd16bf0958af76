"""From a terminal the public is told as from the page, and its page becomes files that need no server of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.conftest import introduce, settled, token
from cli.typist import Typist

SETTINGS = """\
[runbooks]
paths = ["runbooks"]

[status]
title = "Lantern status"

[[status.components]]
name = "Shop"
services = ["lantern"]
"""
HISTORY = {
    "page": {"name": "Theirs"},
    "incidents": [
        {
            "id": "p31zjtct2jer", "name": "Slow <b>pages</b>", "status": "postmortem", "impact": "minor",
            "incident_updates": [
                {"status": "postmortem", "body": "What we learned.", "created_at": "2026-01-03T10:00:00.000Z"},
                {"status": "resolved", "body": "Over.", "created_at": "2026-01-02T11:00:00.000Z",
                 "affected_components": [{"code": "x", "name": "Shop", "old_status": "partial_outage",
                                          "new_status": "operational"}]},
                {"status": "investigating", "body": "We look.", "created_at": "2026-01-02T10:00:00.000Z",
                 "affected_components": None},
            ],
        },
        {"id": "m1", "name": "Planned", "impact": "maintenance",
         "incident_updates": [{"status": "completed", "body": "Done.", "created_at": "2026-01-01T10:00:00.000Z"}]},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typist]:
    """Ana beside a fireline with a status page."""
    typist = settled(tmp_path_factory.mktemp("public"))
    (typist.folder / "fireline.toml").write_text(SETTINGS)
    introduce(typist, ana="admin", ben="responder")
    with typist.serving() as said:
        typist.environment |= {"FIRELINE_URL": said[-1].rpartition(" ")[2], "FIRELINE_TOKEN": token(typist, "ana")}
        yield typist


def test_drafted_by_ana_read_and_published_by_ben(served: Typist) -> None:
    number = json.loads(served.says("declare", "Redis is down", "--severity", "P1", "--json"))["number"]
    told = ("incident", "public")
    said = served.says(*told, "draft", str(number), "--text", "We look into it.", "--component", "Shop=partial_outage")
    assert "1. Investigating: Service disruption (draft, by ana)" in said
    ben = token(served, "ben")
    refused = served.types(*told, "approve", str(number), "1", "--yes")
    assert (refused.returncode, "any other person" in refused.stderr) == (1, True)
    said = served.says(*told, "approve", str(number), "1", "--yes", FIRELINE_TOKEN=ben)
    assert "We look into it." in said
    assert "It goes to own_page" in said
    assert "the public reads Investigating" in served.says(*told, "list", str(number))
    served.says(*told, "draft", str(number), "--text", "We know more.")
    assert "will not be published" in served.says(*told, "withdraw", str(number), "2", "--reason", "we do not")
    wrong = served.types(*told, "draft", str(number), "--component", "Shop")
    assert (wrong.returncode, "Checkout=partial_outage" in wrong.stderr) == (1, True)


def test_planned_maintenance_by_hand(served: Typist) -> None:
    said = served.says("status", "maintenance", "add", "Bigger disks", "Search is slow.", "--from", "2999-01-01T02:00",
                       "--until", "2999-01-01T04:00", "--component", "Shop")  # fmt: skip
    assert "Maintenance 1 is told of" in said
    assert "Bigger disks" in served.says("status", "maintenance", "list")
    assert "called off" in served.says("status", "maintenance", "end", "1")


@pytest.fixture
def alone(tmp_path: Path) -> Typist:
    """Ana without a server."""
    typist = settled(tmp_path)
    (typist.folder / "fireline.toml").write_text(SETTINGS)
    introduce(typist, ana="admin")
    return typist


@pytest.mark.req(36)
def test_another_pages_history_comes_in_once_and_the_whole_goes_out_as_files(alone: Typist) -> None:
    (alone.folder / "theirs.json").write_text(json.dumps(HISTORY))
    assert "1 incidents with 3 updates, 3 of them new" in alone.says("status", "import", "theirs.json")
    assert "0 of them new" in alone.says("status", "import", "theirs.json")
    assert "index.html" in alone.says("status", "export", "out")
    out = alone.folder / "out"
    first = (out / "index.html").read_text()
    assert "Lantern status" in first
    assert 'href="status.css"' in first
    [page] = (out / "incidents").glob("*/index.html")
    assert "Slow &lt;b&gt;pages&lt;/b&gt;" in page.read_text()
    summary = json.loads((out / "api" / "v2" / "summary.json").read_text())
    assert summary["status"]["indicator"] == "none"
    assert (out / "history.atom").read_bytes().startswith(b"<?xml")


def test_with_the_database_away_the_files_come_from_the_last_copy(alone: Typist) -> None:
    (alone.folder / "theirs.json").write_text(json.dumps(HISTORY))
    alone.says("status", "import", "theirs.json")
    alone.says("status", "export", "before")
    (alone.folder / "fireline.db").unlink()
    (alone.folder / "fireline.db").mkdir()
    said = alone.says("status", "export", "out")
    assert "Written from the copy" in said
    assert "Slow" in (alone.folder / "out" / "history" / "index.html").read_text()


def test_what_is_no_history_is_refused_in_words(alone: Typist) -> None:
    (alone.folder / "theirs.json").write_text('{"incidents": 7}')
    for words in (("import", "theirs.json"), ("import", "nothing.json")):
        no = alone.types("status", *words)
        assert no.returncode == 1
        assert "Traceback" not in no.stderr
