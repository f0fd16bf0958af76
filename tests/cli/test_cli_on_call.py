"""`fireline on-call` answers with a server and without one, and reads what other systems gave."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.conftest import introduce, settled, token
from cli.typist import Typist

SETTINGS = """\
[[on_call.rotations]]
name = "primary"
people = ["ana", "ben"]
starts = 2026-01-05
handover = "Mon 09:00"
zone = "Europe/Budapest"

[people.ana]
phone = "+36 1 555 0101"
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typist]:
    """Ana, beside a fireline with a rotation."""
    typist = settled(tmp_path_factory.mktemp("served"))
    (typist.folder / "fireline.toml").write_text(SETTINGS)
    introduce(typist, ana="admin", ben="responder", cleo="responder")
    with typist.serving() as said:
        url = said[-1].rpartition(" ")[2]
        typist.environment |= {"FIRELINE_URL": url, "FIRELINE_TOKEN": token(typist, "ana")}
        yield typist


def test_who_is_on_call_and_whom_to_call(served: Typist) -> None:
    said = served.says("on-call", "--at", "2026-01-06T10:00")
    assert "primary" in said
    assert "12 Jan 08:00:00" in said
    assert "+36 1 555 0101" in said
    (row,) = json.loads(served.says("on-call", "--at", "2026-01-06T10:00", "--json"))["rotations"]
    assert (row["who"], row["next"]) == ("ana", "ben")


def test_an_override_is_made_shown_and_taken_back(served: Typist) -> None:
    said = served.says(
        "on-call", "override", "cleo", "--to", "2099-01-01T00:00", "--from", "2098-12-31T12:00", "--why", "swap"
    )
    assert said.startswith("cleo has the turn of primary from 31 Dec 12:00:00 until 01 Jan 00:00:00 UTC (override ")
    number = said.rpartition(" ")[2].strip().strip(").")
    window = ("--from", "2098-12-31T00:00", "--to", "2099-01-02T00:00")
    assert f"{number}, by ana: swap" in served.says("on-call", "plan", "primary", *window)
    assert "goes by its plan again" in served.says("on-call", "take-back", number)
    assert "swap" not in served.says("on-call", "plan", "primary", *window)
    again = served.types("on-call", "take-back", number)
    assert (again.returncode, "over already" in again.stderr) == (1, True)
    wrong = served.types("on-call", "override", "cleo", "--to", "tomorrow", "--why", "x")
    assert (wrong.returncode, "is no time" in wrong.stderr) == (1, True)


@pytest.mark.req(136)
def test_without_a_server_the_settings_and_the_runbook_still_say_whom_to_call(ana: Typist) -> None:
    (ana.folder / "fireline.toml").write_text(SETTINGS)
    for environment in ({}, {"FIRELINE_TOKEN": "fl_x", "FIRELINE_URL": "http://127.0.0.1:9"}):
        said = ana.says("on-call", "--at", "2026-01-06T10:00", **environment)
        assert "From the settings alone, without overrides" in said
        assert "+36 1 555 0101" in said
        found = json.loads(ana.says("on-call", "--at", "2026-01-06T10:00", "--json", **environment))
        assert [(one["rotation"], one["who"]) for one in found["rotations"]] == [("primary", "ana")]
        assert found["contacts"], "the example's runbook has some"


def test_the_doctor_sees_holes_and_people_whom_nothing_reaches(ana: Typist) -> None:
    (ana.folder / "fireline.toml").write_text(SETTINGS)
    assert "nobody is woken" in ana.types("doctor").stdout
    chain = '\n[[on_call.chains]]\nname = "x"\nsteps = [{ notify = ["rota:primary"] }]\n'
    (ana.folder / "fireline.toml").write_text(
        SETTINGS.replace('"Europe/Budapest"', '"UTC"\nduring = ["Mon-Fri"]') + chain
    )
    found = " ".join(one["said"] for one in json.loads(ana.types("doctor", "--json").stdout))
    assert "nobody has the turn of primary from" in found
    assert "ana, ben would be asked and has no channel" in found
    ways = '\n[people.dora]\nchannels = ["slack", "ntfy", "apprise"]\nntfy = "x"\n'
    (ana.folder / "fireline.toml").write_text(SETTINGS + ways)
    found = ana.types("doctor").stdout.replace("\n", " ")
    address = "slack (their id there) or mail"
    for said in (f"slack: the settings lack {address} and [slack]", "ntfy: the settings lack [ntfy]", "apprise: the"):
        assert f"dora cannot be asked by {said}" in " ".join(found.split()), found
    (ana.folder / "fireline.toml").write_text(SETTINGS + chain.replace("primary", "third"))
    assert "asks rota:third, and there is no such rotation" in ana.types("doctor").stdout


def test_another_systems_file_becomes_settings(ana: Typist, tmp_path: Path) -> None:
    file = tmp_path / "schedules.json"
    rotation = {"name": "Days", "startDate": "2026-01-05T08:00:00Z", "type": "daily", "length": 1,
                "participants": [{"type": "user", "username": "ana@example.com"}]}  # fmt: skip
    schedule = {"id": "s", "name": "Shop", "timezone": "Europe/Budapest", "rotations": [rotation]}
    file.write_text(json.dumps({"data": [schedule]}))
    found = tomllib.loads(ana.says("on-call", "import", "opsgenie", str(file)))
    assert found["on_call"]["rotations"][0]["name"] == "shop"
    for text, sentence in (
        ("[1]", "no JSON object"),
        ('{"data": [{"timezone": "UTC"}]}', "not what the API of opsgenie"),
        ('{"data": []}', "Nothing of opsgenie was in there"),
    ):
        file.write_text(text)
        no = ana.types("on-call", "import", "opsgenie", str(file))
        assert (no.returncode, sentence in no.stderr) == (1, True), no.stderr
    assert ana.types("on-call", "import", "opsgenie", "nowhere.json").returncode == 1
    assert ana.types("on-call", "import", "opsgenie").returncode == 1
