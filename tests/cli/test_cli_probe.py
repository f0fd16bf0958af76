"""One command asks every health address at once, those of the settings and those of the runbooks."""

from __future__ import annotations

import json

import pytest

from cli.typist import Typist
from connectors.conftest import serve  # noqa: F401  # a fixture
from contracts.wire import Serve, answer

PAGE = "# Kiosk\n\n## Health\n\n```bash\n# Is it well?\ncurl -f {well}health\ncurl -f {sick}health\n```\n"


@pytest.mark.req(19, 20)
def test_a_runbooks_own_addresses_are_asked_and_told_apart(ana: Typist, serve: Serve) -> None:  # noqa: F811
    well, sick = serve(answer(200)), serve(answer(500))
    (ana.folder / "kiosk.md").write_text(PAGE.format(well=well.url, sick=sick.url))
    done = ana.types("probe", "--runbook", "kiosk.md", "--json")
    assert done.returncode == 1, "one is not well"
    seen = {one["url"]: (one["verdict"], one["status"], one["service"]) for one in json.loads(done.stdout)}
    assert seen == {
        f"{well.url}health": ("up", 200, well.host),
        f"{sick.url}health": ("server_error", 500, sick.host),
    }
    table = ana.types("probe", "--runbook", "kiosk.md").stdout
    assert "server_error" in table
    assert "answered 500 Internal Server Error." in table


def test_the_settings_and_the_doctor_tell_of_the_same_addresses(ana: Typist, serve: Serve) -> None:  # noqa: F811
    well = serve(answer(200))
    (ana.folder / "runbooks").rename(ana.folder / "elsewhere")
    (ana.folder / "fireline.toml").write_text(
        f'[[probes]]\nname = "KioskShut"\nurl = "{well.url}health"\nservice = "kiosk"\n'
    )
    assert ana.types("probe").returncode == 0
    checks = json.loads(ana.types("doctor", "--json").stdout)
    assert [(one["state"], one["said"]) for one in checks if one["name"] == "health"] == [
        ("ok", f"up: {well.host} answered 200 OK.")
    ]


def test_a_house_without_any_address_says_where_they_come_from(ana: Typist) -> None:
    (ana.folder / "runbooks").rename(ana.folder / "elsewhere")
    done = ana.types("probe")
    assert done.returncode == 1
    assert "no [[probes]] in the settings" in done.stderr
