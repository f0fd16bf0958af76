"""A blank is found whatever its brackets; what only looks like one is left; a value never leaves its place."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core.refusal import Refused
from fireline.core.runbook import Command
from fireline.core.runbook.fill import fill, missing
from fireline.core.runbook.placeholders import find, stand_in


def command(text: str) -> Command:
    return Command(key="c1", text=text, line=1, column=1, block=1, placeholders=find(text))


@pytest.mark.parametrize(
    ("text", "blanks"),
    [
        ("kubectl describe pod <failing-pod> -n shop", [("failing_pod", "kubernetes_name")]),
        ("redis-cli -h <redis_host> -p <redis_port> ping", [("redis_host", "host"), ("redis_port", "port")]),
        ('psql -c "SELECT pg_cancel_backend(<PID>);"', [("pid", "integer")]),
        ("oc -n $NAMESPACE get pod $POD", [("namespace", "kubernetes_name"), ("pod", "kubernetes_name")]),
        ("oc debug node/<node> -- df", [("node", "kubernetes_name")]),
        ("oc get pod --field-selector spec.nodeName=<node>", [("node", "kubernetes_name")]),
        ("curl https://{host}/x", [("host", "host")]),
        ("curl <status_url>", [("status_url", "url")]),
        ("helm rollback {{ release }} 3", [("release", "text")]),
        ("ping [IP-ADDRESS]", [("ip_address", "host")]),
        (
            "curl -X POST https://api.example/pages/PAGE_ID -H 'Authorization: TOKEN'",
            [("page_id", "text"), ("token", "text")],
        ),
        ("cat ${LOG_FILE}", [("log_file", "text")]),
        ("kubectl exec svc/TILL-CLUSTER-rw -n shop -- ls", [("till_cluster", "kubernetes_name")]),
        ("kubectl describe pod POD-NAME -n shop", [("pod_name", "kubernetes_name")]),
    ],
)
def test_blanks_are_found_with_their_kind(text: str, blanks: list[tuple[str, str]]) -> None:
    assert [(p.name, p.kind) for p in find(text)] == blanks


@pytest.mark.parametrize(
    "text",
    [
        "kubectl get pods -o jsonpath='{.items[*].metadata.name}'",
        "kubectl get pod x -o go-template='{{range .items}}{{.metadata.name}}{{end}}'",
        'curl -s -o /dev/null -w "%{http_code}" https://shop.example',
        "cat <<EOF\nx\nEOF",
        "diff <(sort a) <(sort b)",
        "sort <in.txt >out.txt",
        "mkdir -p /srv/{a,b}",
        "ps aux | awk '{print $1}'",
        "for s in a b; do echo $s; done",
        "F=/tmp/x; cat $F",
        "ps aux | grep [r]edis",
        "ls [a-z]*",
        'curl -d "incident[name]=x" https://x.example',
        "find . -name x -exec ls {} \\;",
        "if [ -f x ]; then ls; fi",
        "echo $HOME $? $$ $1 $@",
        "echo '$NOT_ME'",
        "curl -X POST https://x.example",
        "psql -c 'SELECT a FROM b WHERE c < 1 AND d > 2'",
        "kubectl set env deployment/x NODE_OPTIONS=1",
        "curl -H 'X-REQUEST-ID: 7' -H 'TRACE-ID: 7' https://x.example",
        "grep -c UTF-8 till.log",
    ],
)
def test_what_only_looks_like_a_blank_is_none(text: str) -> None:
    assert find(text) == ()


@given(st.text(alphabet="<>{}[]$ab_AB -'\"\n=|", max_size=60))
def test_a_stand_in_keeps_every_offset(text: str) -> None:
    stood = stand_in(text)
    assert len(stood) == len(text)
    assert [i for i, c in enumerate(text) if c == "\n"] == [i for i, c in enumerate(stood) if c == "\n"]


def test_a_missing_value_is_refused_by_name() -> None:
    wanted = command("kubectl describe pod <failing-pod> -n shop")
    with pytest.raises(Refused, match="<failing-pod>") as refused:
        fill(wanted, {})
    assert refused.value.field == "failing_pod"
    assert [p.name for p in missing(wanted, {})] == ["failing_pod"]
    assert missing(wanted, {"failing_pod": "web-1"}) == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("redis-cli -p <port> ping", "0"),
        ("redis-cli -p <port> ping", "65536"),
        ("redis-cli -h <host> ping", "a b"),
        ("kubectl get pod <pod> -n shop", "web;rm"),
        ("kubectl get pod <pod> -n shop", "--all"),
        ("curl <url>", "file:///etc/passwd"),
        ("curl <url>", "https://x.example/$(id)"),
        ("kill <pid>", "1 2"),
        ("grep <word> log", "-r"),
        ("grep <word> log", "two\nlines"),
        ("ssh <host> cat <file>", "x; rm y"),
        ('psql -c "SELECT <column>"', "a'; DROP TABLE b"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(text: str, value: str) -> None:
    values = {p.name: value for p in find(text)}
    if "ssh" in text:
        values["host"] = "web-1"
    with pytest.raises(Refused):
        fill(command(text), values)


def test_values_are_quoted_for_where_they_stand() -> None:
    assert fill(command("grep <word> log"), {"word": "it's $HOME"}) == "grep 'it'\"'\"'s $HOME' log"
    assert fill(command('say "P1: <what>"'), {"what": 'a "b" $c'}) == 'say "P1: a \\"b\\" \\$c"'
    assert fill(command("say 'x <what>'"), {"what": "it's"}) == "say 'x it'\\''s'"
    assert (
        fill(command("curl http://<prometheus>/q"), {"prometheus": "127.0.0.1:9090"}) == "curl http://127.0.0.1:9090/q"
    )


@given(
    st.text(min_size=1, max_size=40), st.sampled_from(["say <what>", 'say "<what>"', "say '<what>'", "say a<what>b"])
)
def test_whatever_the_value_the_shell_sees_two_words(value: str, text: str) -> None:
    try:
        filled = fill(command(text), {"what": value})
    except Refused:
        return
    said = shlex.split(filled.replace("\\$", "$").replace("\\`", "`") if '"' in text else filled)
    assert len(said) == 2
    assert value.strip() in said[1]


def test_bindings_are_filled_once_and_stand_in_front() -> None:
    binding = command("NS=<ns>")
    logs = replace(command("kubectl logs <pod> -n $NS"), bindings=(binding, binding))
    assert fill(logs, {"ns": "shop", "pod": "web-1", "NS": "x"}).startswith("NS=shop\nkubectl logs web-1")
