"""Settings work without a file, and a wrong one says which file and which key."""

from __future__ import annotations

from pathlib import Path

import pytest

from fireline.core.refusal import Refused
from fireline.settings import load


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "fireline.toml"
    path.write_text(text)
    return path


def test_a_laptop_needs_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = load(environment={})
    assert (found.server.host, found.base_url) == ("127.0.0.1", "http://127.0.0.1:8000")
    assert (found.pagerduty, found.probes, found.drill.on) == (None, (), False)


def test_the_file_in_the_working_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "[server]\nport = 9000\nurl = 'https://fire.example.org/'\n")
    assert load(environment={}).base_url == "https://fire.example.org"


def test_the_environment_names_another_file_and_a_path_beats_it(tmp_path: Path) -> None:
    path = written(tmp_path, "[server]\nport = 9000\n")
    other = tmp_path / "other.toml"
    other.write_text("[server]\nport = 9001\n")
    environment = {"FIRELINE_CONFIG": str(other)}
    assert load(environment=environment).server.port == 9001
    assert load(path, environment).server.port == 9000


def test_the_environment_stands_over_the_file_and_its_words_become_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, "[server]\nport = 9000\n[store]\nspool = 'kept'\n")
    environment = {
        "FIRELINE_SERVER_PORT": "9002",
        "FIRELINE_STORE_URL": "postgresql://ana@127.0.0.1/fireline",
        "FIRELINE_DRILL_ON": "true",
        "FIRELINE_DRILL_WATCH_SPEED": "60",
        "FIRELINE_PAGERDUTY_ROUTING_KEY": "k" * 32,
        "FIRELINE_RUNBOOKS_PATHS": "one.md:two",
    }
    found = load(path, environment)
    assert (found.server.port, found.store.spool, found.drill.on, found.drill.watch_speed) == (9002, "kept", True, 60)
    assert found.store.url.startswith("postgresql://")
    assert found.pagerduty is not None
    assert found.runbooks.paths == ("one.md", "two")


def test_lists_and_tables_are_read(tmp_path: Path) -> None:
    found = load(
        written(
            tmp_path,
            """
            [runbooks]
            paths = ["a.md", "b"]
            [lanes.read]
            seconds = 5
            environment = { KUBECONFIG = "/etc/read-only" }
            [[probes]]
            name = "ShopDown"
            url = "http://127.0.0.1:1/health"
            service = "shop"
            [values]
            namespace = "shop"
            """,
        ),
        {},
    )
    assert (found.lanes.read.seconds, found.lanes.write.seconds) == (5, 120)
    assert found.lanes.read.environment == {"KUBECONFIG": "/etc/read-only"}
    assert found.probes[0].every == 30
    assert found.values == {"namespace": "shop"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[server]\nprot = 1\n", "unknown field `prot` - at `\\$.server`"),
        ("[serve]\n", "unknown field `serve`"),
        ("[server]\nport = 'many'\n", r"Expected `int`, got `str` - at `\$.server.port`"),
        ("[alerts]\ndeclare = 'some'\n", r"Invalid enum value 'some' - at `\$.alerts.declare`"),
        ("[pagerduty]\n", "missing required field `routing_key`"),
        ("[server\n", "is not valid TOML"),
    ],
)
def test_a_wrong_setting_names_the_file_and_the_key(tmp_path: Path, text: str, sentence: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(Refused, match=sentence) as no:
        load(path, {})
    assert str(path) in no.value.sentence
    assert no.value.status == 400


def test_a_value_where_a_section_belongs_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, "server = 3\n")
    with pytest.raises(Refused, match=r"server is a section, \[server\]"):
        load(path, {"FIRELINE_SERVER_PORT": "1"})
    with pytest.raises(Refused, match="Expected `object`, got `int`"):
        load(path, {})


def test_a_named_file_that_is_not_there_or_not_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read: No such file"):
        load(tmp_path / "gone.toml", {})
    with pytest.raises(Refused, match="cannot be read: Is a directory"):
        load(tmp_path, {})
    (tmp_path / "fireline.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Refused, match="is not valid TOML"):
        load(tmp_path / "fireline.toml", {})


def test_pagerduty_may_tell_without_being_paged(tmp_path: Path) -> None:
    path = written(tmp_path, "[pagerduty]\nwebhook_secrets = ['new', 'old']\n")
    found = load(path, {})
    assert (found.pager, found.pagerduty and found.pagerduty.webhook_secrets) == (None, ("new", "old"))
    both = load(path, {"FIRELINE_PAGERDUTY_ROUTING_KEY": "a" * 32})
    assert both.pager is both.pagerduty is not None


def test_secrets_in_the_environment_stand_with_commas_between(tmp_path: Path) -> None:
    path = written(tmp_path, "[sentry]\nservices = { web-shop = 'shop' }\n")
    found = load(path, {"FIRELINE_SENTRY_CLIENT_SECRETS": "new,old", "FIRELINE_SENTRY_NEW_ISSUES": "false"}).sentry
    assert found is not None
    assert (found.client_secrets, found.services, found.new_issues) == (("new", "old"), {"web-shop": "shop"}, False)
