"""The rule: a secret on a command line is found, and told as an error when the secret itself stands in the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fireline.core.runbook import Runbook
from fireline.core.runbook.lint import lint

Read = Callable[[str], Runbook]


def secrets(runbook: Runbook) -> list[str]:
    return [f.severity for f in lint(runbook) if f.code == "secret-in-argv"]


@pytest.mark.parametrize(
    ("command", "severity"),
    [
        ("mysql -uroot -phunter2 -e 'SHOW PROCESSLIST'", "error"),
        ("mysql -uroot -p$PW -e 'SHOW PROCESSLIST'", "warning"),
        ("redis-cli -h cache -a hunter2 ping", "error"),
        ("redis-cli -h cache -a <password> ping", "warning"),
        ("curl -u ana:hunter2 https://till.example", "error"),
        ("curl -u ana:$PW https://till.example", "warning"),
        ("curl -H 'Authorization: Bearer abc123' https://till.example", "error"),
        ('curl -H "Authorization: Bearer $(oc whoami -t)" https://till.example', "warning"),
        ("psql postgres://ana:hunter2@db.example/shop -c 'SELECT 1'", "error"),
        ("psql postgres://ana:$PW@db.example/shop -c 'SELECT 1'", "warning"),
        ("PGPASSWORD=hunter2 psql -h db -c 'SELECT 1'", "error"),
        ("export AWS_SECRET_ACCESS_KEY=abc123", "error"),
        ("till login --password=hunter2", "error"),
        ("till login --api-key <key>", "warning"),
        ("kubectl create secret generic till -n shop --from-literal=pin=4711", "error"),
    ],
)
def test_a_secret_is_found(read: Read, command: str, severity: str) -> None:
    assert secrets(read(f"```bash\n{command}\n```\n")) == [severity]


@pytest.mark.parametrize(
    "command",
    [
        "mysql -uroot -p -e 'SHOW PROCESSLIST'",
        "mysql -P 3306 -h db",
        "PGPASSWORD=$PW psql -h db -c 'SELECT 1'",
        "curl -u ana https://till.example",
        "curl -H @header https://till.example",
        "curl https://till.example:8443/health",
        "till login --password-file /run/secrets/till",
        "kubectl get secret -n shop",
        "kubectl create configmap till -n shop --from-literal=colour=red",
        "ssh ben@web-1 uptime",
        "git clone ssh://git@till.example:22/shop.git",
    ],
)
def test_what_is_no_secret_is_left_alone(read: Read, command: str) -> None:
    assert secrets(read(f"```bash\n{command}\n```\n")) == []
