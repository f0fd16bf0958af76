"""The rule: people, tokens, audit and doctor work on the database itself, served or not."""

from __future__ import annotations

import json
import sqlite3
from datetime import date

import pytest

from cli.conftest import introduce
from cli.typist import Typist
from servers import free_port


def test_people_come_in_by_link_and_tokens_are_shown_once(ana: Typist) -> None:
    ana.says("people", "add", "ana", "Ana", "Ito", "--role", "admin")
    assert json.loads(ana.says("people", "list", "--json")) == [{"handle": "ana", "name": "Ana Ito", "role": "admin"}]
    assert ana.says("people", "link", "ana").startswith("http://127.0.0.1:8000/sign-in/fl_")
    made = json.loads(
        ana.says("token", "add", "--scope", "hooks", "--person", "ana", "--label", "am", "--days", "3", "--json")
    )
    listed = ana.says("token", "list", "--json")
    assert made["token"].startswith("fl_")
    assert made["token"] not in listed
    (row,) = json.loads(listed)
    assert (row["scope"], row["person"], row["label"]) == ("hooks", "ana", "am")
    ana.says("token", "revoke", row["digest"])
    assert json.loads(ana.says("token", "list", "--json")) == []
    assert ana.types("token", "revoke", row["digest"]).returncode == 1
    runner = ana.says("token", "add", "--scope", "runner", "--person", "ana", "--label", "eu").split()[-1]
    (row,) = json.loads(ana.says("token", "list", "--json"))
    assert (runner.startswith("fl_"), row["scope"], row["label"]) == (True, "runner", "eu")


def test_audit_names_the_first_row_that_was_changed(ana: Typist) -> None:
    introduce(ana, ana="responder")
    for title in ("Redis is down", "Checkout failing"):
        ana.says("declare", title)
    assert ana.says("audit", "verify") == "All 2 events are as they were written.\n"
    with sqlite3.connect(ana.folder / "fireline.db") as database:
        database.execute("UPDATE event SET body = replace(body, 'Checkout', 'Kitchen') WHERE incident = 2")
    database.close()
    done = ana.types("audit", "verify")
    assert done.returncode == 1
    assert done.stdout.startswith("INC-2, event 1: changed.")
    assert json.loads(ana.types("audit", "verify", "--json").stdout)["broken"] == {
        "incident": 2, "seq": 1, "why": "changed",
    }  # fmt: skip
    assert ana.types("doctor").returncode == 1


@pytest.mark.req(11)
def test_doctor_finds_what_will_hurt_at_night(ana: Typist) -> None:
    (ana.folder / "runbooks" / "old.md").write_text(
        "# Old\n\n**Next Review:** 2020-01-31\n\n"
        "## Contacts\n\n| Role | Contact | Phone |\n|--|--|--|\n| Boss | boss@example.org | +1-555-XXXX |\n\n"
        "```bash\nnosuchprogram --now\n```\n"
    )
    done = ana.types("doctor", "--json")
    checks = json.loads(done.stdout)
    states = {one["name"]: one["state"] for one in checks}
    assert done.returncode == 0, done.stdout
    for name in ("settings", "spool", "shfmt", "bash", "clock", "read lane", "write lane"):
        assert states[name] == "ok"
    said = {name: " ".join(one["said"] for one in checks if one["name"] == name) for name in states}
    assert states["pagerduty"] == "warn"
    assert "nosuchprogram" in said["programs"]
    assert states["review-overdue"] == "warn"
    assert date(2020, 1, 31).isoformat() in said["review-overdue"]
    assert "Boss" in said["phone-placeholder"]


def test_doctor_fails_on_what_stops_fireline_and_says_what_to_do(ana: Typist) -> None:
    (ana.folder / "spool").write_text("a file where a folder should be")
    (ana.folder / "fireline.toml").write_text(
        '[store]\nspool = "spool"\n[lanes.read]\ndirectory = "nowhere"\n[pagerduty]\n'
        f'routing_key = "{"a" * 32}"\nurl = "http://127.0.0.1:{free_port()}/v2/enqueue"\n'
    )
    done = ana.types("doctor", "--json", FIRELINE_STORE_URL=f"postgresql://f:secret@127.0.0.1:{free_port()}/f")
    states = {one["name"]: one["state"] for one in json.loads(done.stdout)}
    assert done.returncode == 1
    for name in ("database", "spool", "read lane", "pagerduty"):
        assert states[name] == "fail", name
    assert "secret" not in done.stdout


def test_doctor_says_in_one_line_that_the_settings_are_wrong(ana: Typist) -> None:
    (ana.folder / "fireline.toml").write_text("[server\n")
    done = ana.types("doctor")
    assert done.returncode == 1
    assert "not valid TOML" in done.stdout
