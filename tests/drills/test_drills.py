"""Three more scenarios, each on real servers from the fault to the review: the evidence names the right way out first.

What is slow, a world and a fireline, is started once for each drill; the same servers then answer the questions that
a story leaves open.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fireline.core.runbook import parse
from fireline.core.runbook.match import Facts, match
from fireline.drills import database, scenario
from fireline.drills.play import Play, staged, verdict
from fireline.drills.world import missing, wait_until
from fireline.shell import parse as shell
from kube import Kube, story
from servers import free_port

DRILLS = Path(__file__).resolve().parents[2] / "examples" / "drills"
FAST = 600.0  # the green window in 3 seconds
TEXTS = {  # fault: what PostgreSQL says to whoever comes then
    "role-limit": "too many connections for role",
    "leak": "remaining connection slots are reserved for",
    "leak-all": "sorry, too many clients already",
}


@contextmanager
def drill(
    name: str, folder: Path, fault: str = "", sections: dict[str, Any] | None = None, **changed: Any
) -> Iterator[Play]:
    """This drill with people who act by themselves; skipped by name where its packages are missing."""
    it = scenario.read(DRILLS / f"{name}.toml")
    it = msgspec.structs.replace(it.broken_by(fault or it.fault), watch_speed=FAST, **changed)
    if absent := missing(it.world):
        pytest.skip(f"skipped: not installed: {', '.join(absent)}")
    with staged(it, folder, port=free_port(), say=print, auto=True, sections=sections or {}) as play:
        yield play


def evidence(play: Play, found: dict[str, Any], title: str) -> str:
    """What the diagnosis step of this title said, its summary before the whole output."""
    run = next(one for one in found["runs"] if one["title"].startswith(title) and one["purpose"] == "diagnosis")
    output = play.stage.ask("ana", "GET", f"/incidents/{play.number}/evidence/{run['evidence']}")
    return f"{run['summary']}\n{output}"


@pytest.mark.req(76, 127)
def test_a_full_database_is_asked_all_the_same_and_emptied_of_what_is_idle(tmp_path: Path) -> None:
    with drill("database-full", tmp_path) as play:
        found, review = play.run(), play.review()
        assert verdict(play.drill, found, play.first) == []
        assert "connections in use" in evidence(play, found, "Count connections")
        # the two that are no work for tonight
        assert "| Repair the leak in the application |" in review
        assert "| Put a connection pool in front |" in review
        world = play.world
        psql = ["psql", "-h", "127.0.0.1", "-U", "operator", "-d", "orders", "-Atc"]

        def ask(sql: str, user: str = "operator") -> subprocess.CompletedProcess[str]:
            words = [user if word == "operator" else word for word in psql]
            environment = {"PATH": world.path, **world.plan.environment}
            return subprocess.run([*words, sql], env=environment, check=False, capture_output=True, text=True)

        page = parse(play.drill.runbook.read_bytes(), path="incident-response.md", shell=shell)
        for fault, text in TEXTS.items():  # the three ways to be full, in PostgreSQL's own words
            assert fault in world.plan.faults
            world.break_it(fault)
            full = ask("SELECT 1", user="batch" if fault == "role-limit" else "shop").stderr
            assert text in full
            told = match(Facts(name="CheckoutSaysNo", labels={}, annotations={"description": full}), [page])
            assert told
            assert told.scenario.title == play.drill.scenario
            if fault != "leak-all":
                ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'checkout'")
        subprocess.run(["supervisorctl", "restart", "checkout"], cwd=world.folder, env={"PATH": world.path}, check=True)
        # a raised limit counts after a restart only, and the runbook's own check says so
        (raising,) = [one for one in page.commands if "ALTER SYSTEM SET max_connections" in one.text]
        (check,) = [one for one in page.commands if "'restart needed'" in one.text]
        for command in (raising, check):
            words = shlex.split(command.text.replace("<connections>", "50"))
            last = ask(words[words.index("-c") + 1])
            assert last.returncode == 0
            ask("SELECT pg_reload_conf()")
        assert last.stdout == f"max_connections|{database.SLOTS}|restart needed\n"


@pytest.mark.req(76, 129)
def test_a_raised_limit_goes_back_by_itself_and_one_loud_partner_is_allowed_instead(tmp_path: Path) -> None:
    asking = scenario.Asking(values={"limit": "200"}, revert=_revert(), revert_minutes=0.1)
    with drill("too-many-requests", tmp_path, asking=asking) as play:
        found, review = play.run(), play.review()
        assert verdict(play.drill, found, play.first) == []
        limits = (play.world.folder / "limits.conf").read_text()
        assert "rate=10r/s" in limits  # it was 200
        assert "told 429" in evidence(play, found, "See who asks")
        assert [one["state"] for one in found["debts"]] == ["undone"]
        assert [ask["yes"] for ask in found["approvals"]] == [
            ["ben"],
            [],
        ]  # the yes to the raise was to the way back, too
        assert "| Add a caching layer for the pages that are asked for most |" in review


def _revert() -> str:
    told = scenario.read(DRILLS / "too-many-requests.toml").asking
    assert told
    return told.revert


@pytest.mark.req(76, 126)
def test_a_release_that_was_written_hours_ago_is_found_and_taken_back(tmp_path: Path) -> None:
    with drill("website-down", tmp_path) as play:
        found = play.run()
        assert verdict(play.drill, found, play.first) == []
        assert "502 Bad Gateway" in evidence(play, found, "Ask the storefront")
        assert "Cache-Control: public, max-age=60" in evidence(play, found, "Ask the CDN")
        causes = play.stage.ask("ana", "GET", f"/incidents/{play.number}/causes")["suspects"]
        assert "Storefront: the pages have moved" in causes[0]["title"]
        log = subprocess.run(
            ["git", "log", "--format=%s", "-1"], cwd=play.world.folder, check=True, capture_output=True, text=True
        ).stdout
        assert log == 'Revert "Storefront: the pages have moved"\n'
        play.world.break_it("cdn")  # the other way this site breaks, which the restart of its edge heals
        words = ["supervisorctl", "restart", "cdn"]
        subprocess.run(words, cwd=play.world.folder, env={"PATH": play.world.path}, check=True)
        assert wait_until(play.world.healthy)


@pytest.mark.req(76, 128)
def test_a_redis_that_answers_ping_and_is_full_gets_memory_and_no_restart(tmp_path: Path) -> None:
    with drill("redis-down", tmp_path, "oom") as play:
        found = play.run()
        assert verdict(play.drill, found, play.first) == []
        assert not [run for run in found["runs"] if run["command"].startswith("supervisorctl restart")]
        assert [(one["kind"], one["state"], one["owner"]) for one in found["debts"]] == [("limit", "owned", "ana")]


@pytest.mark.req(76, 126, 127, 128)
@pytest.mark.parametrize(
    "told",
    [
        ("redis-down", "oom", "Redis Down", "Increase memory if OOM"),
        ("database-full", "leak", "Database Connection Exhausted", "Kill idle connections"),
        ("website-down", "release", "Marketing Site Down", "Rollback if recent deployment"),
    ],
)
def test_another_teams_runbook_asks_the_same_servers_with_its_own_commands(
    tmp_path: Path, shared: Path, kube: Kube, told: tuple[str, str, str, str]
) -> None:
    """Its databases are reached through `kubectl exec`, as the settings name them; its pods stand in our cluster."""
    name, fault, title, first = told
    story.namespace(kube.production.cluster, "akaind-platform")
    story.deployment(kube.production.cluster, "marketing", "akaind-platform", "marketing:v2", replicas=2)
    names: dict[str, Any] = {"runbook": shared / "seed/incident-response-runbook.md", "scenario": title}
    names |= {"alert": title.title().replace(" ", "")}
    inside = {"redis-down": "deploy/redis", "database-full": "deploy/postgres"}.get(name)
    sections: dict[str, Any] = {"lanes.read": {"environment": kube.environment()}}
    with drill(name, tmp_path, fault, sections, **names) as play:
        if inside:
            ports = play.world.ports
            url = (
                f"redis://127.0.0.1:{ports['redis']}"
                if "redis" in ports
                else f"postgresql://reader@127.0.0.1:{ports['postgres']}/orders"
            )
            play.stage.sections = {**sections, "databases.seed": {"inside": f"{inside} -n akaind-platform", "url": url}}
            play.stage.configure(play.world)
            play.stage.stop()
            play.stage.start()
        play.world.break_it(fault)
        assert wait_until(lambda: play.over() or bool(play.first), 90)
        assert play.first == first
        found = play.incident()
        assert found["scenario"] == title
        looked = {run["command"].split()[0]: run["state"] for run in found["runs"] if run["purpose"] == "diagnosis"}
        assert set(looked) == ({"kubectl"} if inside else {"kubectl", "git", "curl"})
        assert looked["kubectl"] == "ok"
        assert looked.get("git", "ok") == "ok"
