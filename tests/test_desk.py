"""The rule: who declares without the house tells the same vendors as the house, and imports next to nothing for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fireline.desk import desk
from fireline.house import build
from fireline.settings import load
from fireline.store.accounts import Accounts

SETTINGS = """
[store]
url = "sqlite:///fireline.db"
[pagerduty]
routing_key = "00000000000000000000000000000000"
api_token = "token"
from = "ana@example.com"
service = "shop"
[slack]
token = "xoxb-1"
[chat]
webhook = "https://chat.example/hooks/1"
mail = ["team@example.com"]
[smtp]
host = "mail.example"
sender = "fireline@example.com"
[status]
[statuspage]
page = "abc"
api_key = "key"
[people.ana]
channels = ["mail"]
mail = "ana@example.com"
[[on_call.chains]]
name = "night"
steps = [{ notify = ["ana"] }]
"""
NAMES = {"pagerduty", "on_call", "slack", "slack_asks", "chat_webhook", "chat_mail", "own_page", "statuspage"}
# what a declaration has no use for, and what it would take most of its time to import
NEVER = (
    "fireline.house", "fireline.app", "fireline.api", "fireline.web", "fireline.hooks", "fireline.chat",
    "fireline.connectors", "fireline.executor", "fireline.workflows.walk", "fireline.workflows.inform",
    "litestar", "uvicorn", "jinja2", "httpx2", "feedparser", "slack_sdk", "slack_bolt", "lightkube", "redis",
    "icalendar", "aiosmtpd", "prometheus_client",
)  # fmt: skip
DECLARES = """
import json, sys
from fireline.cli import main
try:
    main(["declare", "site", "down", "--as", "ana", "--severity", "P0"])
except SystemExit as end:
    assert not end.code
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings that name every vendor."""
    (tmp_path / "fireline.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_whoever_declares_without_the_house_tells_the_same_vendors(home: Path) -> None:
    settings = load(home / "fireline.toml")
    front, house = desk(settings), build(settings)
    assert front.told == NAMES == set(house.deliveries.messengers)
    assert front.ledger.vendors == house.ledger.vendors > front.told
    front.database.close()
    house.close()


@pytest.mark.req(17)
def test_a_declaration_imports_no_vendor_no_web_and_no_walk(home: Path) -> None:
    front = desk(load(home / "fireline.toml"))
    front.database.migrate()
    Accounts(front.database).add("ana", "Ana", "admin")
    front.database.close()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FIRELINE_")}
    done = subprocess.run(
        [sys.executable, "-c", DECLARES], cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    *_, last = done.stdout.splitlines()
    imported = json.loads(last)
    assert "INC-1 declared" in done.stdout
    assert [one for one in imported if one.startswith(tuple(f"{name}." for name in NEVER)) or one in NEVER] == []
