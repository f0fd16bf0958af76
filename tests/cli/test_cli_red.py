"""`fireline red` lists exactly what is red now, and never says that all is well when somebody could not be asked."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator

import httpx2
import pytest

from cli.typist import Typist
from connectors.conftest import nobody, serve  # noqa: F401  # fixtures
from contracts.wire import Serve, answer
from fireline.core.events import NoteAdded
from fireline.settings import PrometheusSettings
from kiosk import RUNBOOK, Open, until
from servers import free_port

RULES = """\
groups:
  - name: kiosk
    interval: 1s
    rules:
      - alert: KioskShut
        expr: vector(42) > 1
        labels: {service: kiosk}
        annotations: {summary: The kiosk is shut}
      - alert: TillSlow
        expr: vector(1) > 2
        labels: {service: till}
"""
BOOK = """\
# Kiosk

## Health

```bash
# Is it well?
curl -f URLhealth
```

## Thresholds
- Error rate < 0.1 %
- CPU < 80 %
"""
QUERIES = '[prometheus.queries]\n"error rate" = "vector(2.5)"\ncpu = "vector(12)"\n'


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prometheus with two rules, one of which fires; its address."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("skipped: prometheus is not installed")
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    (folder / "prometheus.yml").write_text("global: {evaluation_interval: 1s}\nrule_files: [rules.yml]\n")
    (folder / "rules.yml").write_text(RULES)
    process = subprocess.Popen(
        [program, "--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"

    def evaluated() -> bool:
        try:
            said = httpx2.get(f"{url}/api/v1/rules", trust_env=False).text
        except httpx2.HTTPError:
            return False
        return '"state":"firing"' in said and '"health":"unknown"' not in said

    try:
        until(evaluated, seconds=90)
        yield url
    finally:
        process.terminate()
        process.wait()


def settle(ana: Typist, prometheus: str, health: str, more: str = "") -> None:
    (ana.folder / "kiosk.md").write_text(BOOK.replace("URL", health))
    told = f'[runbooks]\npaths = ["kiosk.md"]\n[prometheus]\nurl = "{prometheus}"\n'
    (ana.folder / "fireline.toml").write_text(told + more)


@pytest.mark.req(22)
def test_of_two_rules_of_a_real_prometheus_exactly_the_one_that_fires_is_red(
    ana: Typist,
    prometheus: str,
    serve: Serve,  # noqa: F811
) -> None:
    settle(ana, prometheus, serve(answer(200)).url)
    done = ana.types("red", "--json")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    [one] = said["red"]
    assert one.pop("since")
    assert one == {
        "kind": "rule",
        "name": "KioskShut",
        "service": "kiosk",
        "labels": {"alertname": "KioskShut", "service": "kiosk"},
        "value": 42.0,
        "says": "The kiosk is shut",
    }
    assert said["unknown"] == []
    assert said["asked"] == ["2 alerting rules of Prometheus", "1 health address"]
    assert "TillSlow" not in ana.types("red").stdout


@pytest.mark.req(22)
def test_a_limit_of_the_runbook_that_is_measured_and_broken_is_red_and_so_is_an_address(
    ana: Typist,
    prometheus: str,
    serve: Serve,  # noqa: F811
) -> None:
    sick = serve(answer(500))
    settle(ana, prometheus, sick.url, QUERIES)
    red = {
        one["kind"]: (one["name"], one["value"], one["says"])
        for one in json.loads(ana.types("red", "--json").stdout)["red"]
    }
    assert red == {
        "rule": ("KioskShut", 42.0, "The kiosk is shut"),
        "limit": ("error rate < 0.1 %", 2.5, "It is 2.5 %."),
        "address": (f"{sick.host}/health", None, f"{sick.host} answered 500 Internal Server Error."),
    }


@pytest.mark.req(22)
def test_nobody_to_ask_is_never_all_is_well(ana: Typist, nobody: str, serve: Serve) -> None:  # noqa: F811
    settle(ana, nobody, serve(answer(200)).url)
    done = ana.types("red")
    assert done.returncode == 1
    assert done.stdout.startswith("Unknown: Prometheus could not be asked: 127.0.0.1:")
    no_rules = serve(answer(200, b'{"status": "success", "data": {"groups": []}}'))
    settle(ana, no_rules.url, serve(answer(200)).url)
    done = ana.types("red")
    assert (done.returncode, done.stdout) == (
        1,
        "Unknown: Prometheus has no alerting rule, so that it never calls anything red.\n",
    )
    (ana.folder / "kiosk.md").write_text("# Kiosk\n")
    (ana.folder / "fireline.toml").write_text('[runbooks]\npaths = ["kiosk.md"]\n')
    done = ana.types("red")
    assert done.returncode == 1
    assert "Nothing is known to ask" in done.stderr


def test_what_was_asked_and_is_well_is_said(ana: Typist, serve: Serve) -> None:  # noqa: F811
    rule = b'{"name": "Quiet", "type": "alerting", "health": "ok", "alerts": []}'
    quiet = serve(answer(200, b'{"status": "success", "data": {"groups": [{"rules": [' + rule + b"]}]}}"))
    settle(ana, quiet.url, serve(answer(200)).url)
    assert ana.says("red") == "Nothing is red. Asked: 1 alerting rule of Prometheus, 1 health address.\n"


@pytest.mark.req(22)
def test_the_first_look_notes_what_fires(open_house: Open, prometheus: str) -> None:
    house = open_house(runbook=RUNBOOK, prometheus=PrometheusSettings(url=prometheus))
    number = house.declare.by_person("Nobody can buy anything", by="ana").number

    def notes() -> list[str]:
        return [one.text for one in house.ledger.log(number) if isinstance(one, NoteAdded)]

    until(notes)
    [note] = notes()
    assert note.startswith("First look: KioskShut (kiosk) fires with 42 since ")


def test_the_first_look_says_that_prometheus_could_not_be_asked(open_house: Open, nobody: str) -> None:  # noqa: F811
    house = open_house(runbook=RUNBOOK, prometheus=PrometheusSettings(url=nobody))
    number = house.declare.by_person("Nobody can buy anything", by="ana").number
    until(lambda: any("could not be asked" in str(one) for one in house.ledger.log(number)))
