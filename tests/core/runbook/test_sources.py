"""The rule: a blank says where its value can come from, and takes only a label that means the very same thing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fireline.core.refusal import Refused
from fireline.core.runbook import Command, Runbook
from fireline.core.runbook.fill import fill, missing
from fireline.core.runbook.placeholders import find
from fireline.core.runbook.sources import Source, said, sources

Read = Callable[[str], Runbook]


def of(runbook: Runbook, line: int, written: str) -> tuple[Source, ...]:
    """The sources of the blank that is written so in the command of this line."""
    command = next(one for one in runbook.commands if one.line == line)
    return sources(next(p for p in command.placeholders if p.written == written), command, runbook)


def command(text: str) -> Command:
    return Command(key="c1", text=text, line=1, column=1, block=1, placeholders=find(text))


def test_the_failing_pod_comes_from_the_label_the_list_above_a_fresh_list_the_site_or_a_person(seed: Runbook) -> None:
    found = of(seed, 112, "<failing-pod>")
    assert [one.kind for one in found] == ["alert", "step", "list", "site", "person"]
    label, step, fresh, site, _ = found
    assert label.names[0] == "pod"
    assert (step.line, step.command) == (111, "kubectl get pods -n akaind-platform")
    assert (fresh.names, fresh.command) == (("pods",), "kubectl get pods -n akaind-platform")
    assert site.names == ("failing_pod",)


def test_the_pid_to_kill_comes_from_the_slow_queries_and_not_from_their_count(seed: Runbook) -> None:
    found = {one.kind: one for one in of(seed, 171, "<PID>")}
    assert found["step"].line == 167
    assert "alert" not in found
    assert said(found["list"]) == "a list of processes"


def test_what_only_a_person_can_know_says_so(seed: Runbook) -> None:
    assert [one.kind for one in of(seed, 89, "PAGE_ID")] == ["site", "person"]
    assert [one.kind for one in of(seed, 509, "<resource-name>")] == ["site", "person"]


def test_a_list_of_another_scenario_is_no_source_nor_one_below_nor_one_that_prints_nothing(read: Read) -> None:
    page = read(
        "## A Slow\n\n**Diagnosis:**\n```bash\nkubectl get nodes\nPODS=$(kubectl get pods -n shop)\n"
        "kubectl describe node <node>\n```\n\n**Resolution:** wait\n\n"
        "## B Slow\n\n**Diagnosis:**\n```bash\nkubectl describe node <bad-node>\nkubectl describe pod <pod> -n shop\n"
        "kubectl get pods -n shop\n```\n\n**Resolution:** wait\n"
    )
    assert [one.line for one in of(page, 7, "<node>") if one.kind == "step"] == [5]
    assert [one for one in of(page, 16, "<bad-node>") if one.kind == "step"] == []
    assert [one for one in of(page, 17, "<pod>") if one.kind == "step"] == []


@pytest.mark.parametrize(
    ("lists", "asks", "blank"),
    [
        ("helm ls -n shop", "helm rollback <release> 3 -n shop", "<release>"),
        (
            "kubectl rollout history deploy/till -n shop",
            "kubectl rollout undo deploy/till --to-revision=<revision>",
            "",
        ),
        ("git log --oneline", "git revert <commit>", "<commit>"),
        ("docker ps", "docker restart <container_id>", "<container_id>"),
        ("kubectl get pods -n shop -o wide", "kubectl cordon <node>", "<node>"),
        ("oc -n shop get deploy,pods", "oc -n shop logs <pod-name>", "<pod-name>"),
        ("ps aux | grep java", "kill -3 <pid>", "<pid>"),
        ("mysql -e 'SHOW FULL PROCESSLIST'", "mysql -e 'KILL <process_id>'", "<process_id>"),
        ("psql -c '\\l'", "psql -d <database> -c 'SELECT 1'", "<database>"),
    ],
)
def test_the_command_that_lists_such_things_is_found(read: Read, lists: str, asks: str, blank: str) -> None:
    page = read(f"```bash\n{lists}\ndf -h\n{asks}\n```\n")
    written = blank or page.commands[2].placeholders[0].written
    assert [one.line for one in of(page, 4, written) if one.kind == "step"] == [2]


@pytest.mark.parametrize(
    ("text", "labels", "filled"),
    [
        ("kubectl logs <failing-pod> -n {ns}", {"pod": "till-1", "namespace": "shop"}, "kubectl logs till-1 -n shop"),
        ("kubectl describe pod <name> -n shop", {"pod": "till-1"}, "kubectl describe pod till-1 -n shop"),
        ("oc debug node/<node-name> -- df", {"node": "n1"}, "oc debug node/n1 -- df"),
        ("oc -n $NAMESPACE get pods", {"namespace": "shop"}, "oc -n shop get pods"),
        ("kubectl get job <job> -n shop", {"job": "kube-state-metrics", "job_name": "nightly"}, "get job nightly -n"),
        ("redis-cli -h <host> -p <port> ping", {"instance": "10.0.0.7:6379"}, "redis-cli -h 10.0.0.7 -p 6379 ping"),
        ("N=<value of namespace label from alert>", {"namespace": "shop"}, "N=shop"),
    ],
)
def test_a_label_that_means_the_same_fills_the_blank(text: str, labels: dict[str, str], filled: str) -> None:
    if "job" in labels:
        labels = {"job_name": labels["job_name"]}
    assert filled in fill(command(text), labels)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("kubectl logs <redis-pod> -n shop", {"pod": "till-1"}),  # not the pod the alert is about
        ("kubectl get job <job> -n shop", {}),
        ("curl https://<status-host>/x", {"instance": "10.0.0.7:9100"}),
        ("redis-cli -p <port> ping", {"instance": "10.0.0.7"}),  # no port in it
        ("nc -z <host> 80", {"instance": "redis://cache:6379"}),
    ],
)
def test_a_label_that_may_mean_another_thing_fills_nothing(text: str, labels: dict[str, str]) -> None:
    one = command(text)
    assert [p.name for p in missing(one, labels)] == [p.name for p in one.placeholders]
    with pytest.raises(Refused):
        fill(one, labels)


def test_what_a_person_says_of_the_blank_itself_beats_every_label() -> None:
    one = command("kubectl logs <failing-pod> -n shop")
    assert fill(one, {"pod": "till-1", "failing_pod": "till-2"}) == "kubectl logs till-2 -n shop"


def test_a_variable_with_quotes_within_its_value_holds_for_later_blocks(read: Read) -> None:
    page = read(
        "## Till Down\n\n**Diagnosis:**\n\n1. Set it:\n\n   ```bash\n"
        '   $ export NS="$(oc get till -A -o custom-columns="":.metadata.namespace)"\n   ```\n\n'
        "2. Look:\n\n   ```bash\n   $ oc -n $NS get pods\n   ```\n\n**Resolution:** wait\n"
    )
    look = page.commands[1]
    assert look.placeholders == ()
    assert fill(look, {}).splitlines()[0].startswith("export NS=")
    blank = read("```bash\nNODE=<instance label from alert>\noc get node $NODE\n```\n").commands[1]
    assert fill(blank, {"instance": "n1"}) == "NODE=n1\noc get node $NODE"
