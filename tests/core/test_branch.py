"""Each "If …" of a runbook is a branch; the evidence says which comes first, and without any nobody guesses."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from fireline.core import branch
from fireline.core.branch import Evidence, Saw
from fireline.core.deploy import Deploy
from fireline.core.plan import plan
from fireline.core.runbook import Mitigation, Runbook, parse
from fireline.core.runbook.match import Facts, match
from fireline.shell import parse as shell

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CONDITIONS = (
    "If Recent Deployment",
    "If High Traffic",
    "If Database Issues",
    "If Memory Leak",
    "If External Service Down",
)
Kind = Literal["deploy", "push"]
TREE = tuple(Mitigation(condition=one, line=n, commands=()) for n, one in enumerate(CONDITIONS, 1))


def deployed(minutes: int, service: str = "shop", kind: Kind = "deploy") -> Deploy:
    return Deploy(key="k", at=NOON - timedelta(minutes=minutes), kind=kind, source="ci", service=service, title="v42")


def chosen(*saw: str, changes: tuple[Deploy, ...] = ()) -> list[str]:
    evidence = Evidence(NOON, "shop", changes, tuple(Saw("Look at the pods", one) for one in saw))
    return [one.condition for one in branch.branches(TREE, evidence)]


@pytest.mark.req(76)
@pytest.mark.parametrize(
    ("saw", "changes", "first"),
    [
        ("", (deployed(20),), "If Recent Deployment"),
        ("HighTrafficShop: traffic is up 8x", (), "If High Traffic"),
        ("FATAL:  sorry, too many clients already", (), "If Database Issues"),
        ("97 of 97 connections in use; idle in transaction 40", (), "If Database Issues"),
        ("shop-1  0/1  OOMKilled  5 (30s ago)", (), "If Memory Leak"),
        ("Last State: Terminated\n  Exit Code:    137", (), "If Memory Leak"),
        ("Stripe: 502 Bad Gateway, the provider is down", (), "If External Service Down"),
        ("shop-1  0/1  OOMKilled", (deployed(600),), "If Memory Leak"),  # a change of this morning is no suspect
        ("shop-1  0/1  OOMKilled", (deployed(20),), "If Recent Deployment"),  # one of just now is the first
        ("too many clients", (deployed(20, "billing"),), "If Database Issues"),  # another service's says little
    ],
)
def test_the_evidence_names_the_branch(saw: str, changes: tuple[Deploy, ...], first: str) -> None:
    assert chosen(saw, changes=changes)[0] == first


@pytest.mark.req(76)
@pytest.mark.parametrize(
    ("saw", "changes"),
    [
        ("GET /health 200 in 12 ms; memory 41 %, load 0.3", ()),
        ("", (deployed(26 * 60),)),
        ("", (deployed(-5),)),  # after it began
        ("", (deployed(20, kind="push"),)),  # nobody said that it runs anywhere
    ],
)
def test_where_nothing_points_anywhere_nobody_guesses(saw: str, changes: tuple[Deploy, ...]) -> None:
    assert chosen(saw, changes=changes) == []
    assert branch.said(()) == "Nothing points to one of the runbook's conditions: its own order holds."


@pytest.mark.req(76, 126, 127, 128, 129)
@pytest.mark.parametrize(
    ("scenario", "saw", "first"),
    [
        ("redis", "Nothing listens at cache:6379: Redis is not running there.", "Restart Redis if"),
        ("redis", "Redis at cache:6379 takes the connection and does not answer: it hangs.", "Restart Redis if"),
        ("redis", "Out of memory: 64 MiB of 64 MiB used, and noeviction: writes are refused (OOM).", "memory if"),
        ("redis", "This is a replica of 10.0.0.9:6379, the link is down for 9 s: it takes no writes", "replica if"),
        ("redis", "Bad file format reading the append only file", "Clear"),
        ("database", "By state: idle 10, active 1.\nNo connection is left for ordinary roles.", "idle"),
        ("database", "By state: active 97.\nNo connection is left for ordinary roles.", "max_connections"),
        ("requests|rate limit", "9 of 9 were told 429\nIt is spread over many clients: the limit is tight", "limit"),
        ("requests|rate limit", "9 were told 429\n10.9.9.9 alone is behind 88 % of it: limit or allow", "legitimate"),
        ("site", "shop-1   0/1   CrashLoopBackOff   7", "crash loop"),
        ("site", "See the CDN\ncdn.example did not answer in time.", "CDN"),
        ("site", "HighTrafficShop: traffic is up 8x", "traffic"),
    ],
)
def test_each_scenario_of_both_runbooks_has_its_way_out_named_by_what_was_seen(
    shared_if_there: Path | None, scenario: str, saw: str, first: str
) -> None:
    seed = shared_if_there and shared_if_there / "seed/incident-response-runbook.md"
    books = [book(), *([parse(seed.read_bytes(), path="seed.md", shell=shell)] if seed else [])]
    for one in books:
        (ours,) = [each for each in one.scenarios if re.search(scenario, each.title, re.IGNORECASE)]
        evidence = Evidence(NOON, "shop", (), (Saw("Look", saw),))
        found = branch.branches(one.mitigations, evidence, ours.resolution)
        assert re.search(first.removesuffix(" if"), found[0].condition, re.IGNORECASE), (one.title, found)
        chosen = plan(one, ours.title, tuple(each.condition for each in found))
        offered = {each.text for each in chosen.ways} | set(chosen.words) | set(chosen.later)
        assert len(ours.resolution) >= 4
        assert len(offered) >= 4  # nothing is taken away


@pytest.mark.req(127)
@pytest.mark.parametrize(
    "text",
    [
        "FATAL:  sorry, too many clients already",
        "FATAL:  remaining connection slots are reserved for non-replication superuser connections",
        'FATAL:  too many connections for role "shop"',
    ],
)
def test_each_text_of_a_full_postgresql_is_the_symptom_the_runbook_names(shared: Path, text: str) -> None:
    seed = parse((shared / "seed/incident-response-runbook.md").read_bytes(), path="seed.md", shell=shell)
    found = match(Facts(name="CheckoutErrors", labels={}, annotations={"description": text}), [seed])
    assert found
    assert found.scenario.title == "Database Connection Exhausted"


@pytest.mark.req(127, 129)
def test_the_work_of_weeks_is_kept_for_the_review(shared: Path) -> None:
    seed = parse((shared / "seed/incident-response-runbook.md").read_bytes(), path="seed.md", shell=shell)
    assert plan(seed, "Database Connection Exhausted").later == (
        "Fix connection leaks in application",
        "Implement connection pooling",
    )
    assert plan(seed, "API Rate Limit Exceeded").later == ("Add caching layer",)
    assert plan(book(), "Database Connections Exhausted").later == (
        "Repair the leak in the application",
        "Put a connection pool in front",
    )


@pytest.mark.req(76)
def test_a_sentence_says_why() -> None:
    found = branch.branches(TREE, Evidence(NOON, "shop", (deployed(20),), (Saw("Look at the pods", "OOMKilled"),)))
    assert branch.said(found) == (
        "“If Recent Deployment” first, because shop had a deploy 20 min before onset (v42). Then: If Memory Leak."
    )


def book() -> Runbook:
    path = Path(__file__).resolve().parents[2] / "examples" / "runbooks" / "incident-response.md"
    return parse(path.read_bytes(), path=path.name, shell=shell)


@pytest.mark.req(76)
def test_the_branch_goes_ahead_of_the_scenarios_own_ways_and_takes_none_away() -> None:
    ours = book()
    scenario = ours.scenarios[0].title
    before = plan(ours, scenario)
    condition = next(one.condition for one in ours.mitigations if one.commands)
    after = plan(ours, scenario, (condition,))
    assert condition in after.ways[0].text
    assert {way.commands for way in before.ways} <= {way.commands for way in after.ways}
    assert plan(ours, scenario, ("If Volcano",)) == before


@pytest.mark.req(76)
def test_the_seed_runbook_has_its_five_branches(shared: Path) -> None:
    ours = parse((shared / "seed/incident-response-runbook.md").read_bytes(), path="seed.md", shell=shell)
    kinds = [branch.kind_of(one.condition) for one in ours.mitigations]
    assert kinds == ["deployment", "traffic", "database", "memory", "external"]
    down = plan(ours, "Database Connection Exhausted", tuple(one.condition for one in ours.mitigations[2:3]))
    assert down.ways[0].text == ours.mitigations[2].condition
