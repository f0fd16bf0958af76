"""The rule: between two versions of a page a responder is told what else will run, what it does, and what is due."""

from __future__ import annotations

from collections.abc import Callable

from fireline.core import guard
from fireline.core.guard import Verdict
from fireline.core.runbook import Command, Runbook
from fireline.core.runbook.diff import Difference, as_document, compare
from fireline.shell import parse as shell

Read = Callable[[str], Runbook]

PAGE = """# Till

- **P0**: shop gone, respond within 5 minutes
- **P1**: till slow, respond within 30 min

## Till Stuck

**Symptoms:** queue at the till

**Diagnosis:**
```bash
# See the till
kubectl get pods -n shop -l app=till
df -h
```

**Resolution:**
```bash
# Restart it
kubectl rollout restart deployment/till -n shop
```

**Resolution Checklist:**
- [ ] No alerts firing
- [ ] Monitored for 20 minutes
"""


def judge(command: Command) -> Verdict:
    return guard.judge(command.judged, parse=shell)


def changed(read: Read, *words: tuple[str, str]) -> Difference:
    after = PAGE
    for old, new in words:
        assert old in after
        after = after.replace(old, new)
    return compare(read(PAGE), read(after), judge)


def test_the_same_page_changes_nothing_nor_do_words_that_nothing_acts_on(read: Read) -> None:
    assert not changed(read)
    assert not changed(read, ("# Till\n", "# Till\n\nWritten by ana for ben.\n"))


def test_a_command_that_comes_or_goes_is_told_with_its_effect(read: Read) -> None:
    difference = changed(read, ("df -h\n", "df -h\nkubectl delete pod till-1 -n shop\n"))
    (one,) = difference.commands_added
    assert (one.line, one.effect, one.unattended) == (15, "destructive", False)
    assert (one.text, one.place) == ("kubectl delete pod till-1 -n shop", "Till Stuck")
    assert (difference.commands_removed, difference.commands_changed) == ((), ())
    gone = changed(read, ("df -h\n", ""))
    assert [one.text for one in gone.commands_removed] == ["df -h"]


def test_a_command_with_another_effect_is_one_change(read: Read) -> None:
    difference = changed(read, ("get pods", "delete pods"))
    (change,) = difference.effects_changed
    assert (change.before.effect, change.after.effect) == ("read", "destructive")
    assert (change.before.unattended, change.after.unattended) == (True, False)
    assert (difference.commands_added, difference.commands_removed) == ((), ())


def test_a_reworded_command_of_the_same_effect_changes_no_effect(read: Read) -> None:
    difference = changed(read, ("-l app=till", "-l app=till -o wide"))
    assert len(difference.commands_changed) == 1
    assert difference.effects_changed == ()


def test_a_blank_that_nobody_fills_stops_a_read_from_running_by_itself(read: Read) -> None:
    (change,) = changed(read, ("-l app=till", "-l app=<app>")).effects_changed
    assert (change.after.effect, change.after.unattended) == ("read", False)


def test_a_command_that_moved_is_no_change(read: Read) -> None:
    assert not changed(read, ("df -h\n", ""), ("# See the till\n", "df -h\n# See the till\n"))


def test_gates_promises_and_scenarios_are_told(read: Read) -> None:
    difference = changed(
        read,
        ("20 minutes", "45 minutes"),
        ("- [ ] No alerts", "- [ ] Guests written to\n- [ ] No alerts"),
        ("within 30 min", "within 10 min"),
        ("- **P1**", "- **P3**: typo, 1 day\n- **P1**"),
        ("Till Stuck", "Till Frozen"),
    )
    assert difference.gates_added == ("Guests written to", "Monitored for 45 minutes")
    assert difference.gates_removed == ("Monitored for 20 minutes",)
    assert [(p.severity, p.before, p.after) for p in difference.response_minutes] == [
        ("P1", 30, 10),
        ("P3", None, 1440),
    ]
    assert (difference.scenarios_added, difference.scenarios_removed) == (("Till Frozen",), ("Till Stuck",))


def test_a_gate_that_the_page_forgot_is_there_all_the_same(read: Read) -> None:
    difference = changed(read, ("- [ ] No alerts firing\n", ""))
    assert not difference


def test_the_document_is_plain_json(read: Read) -> None:
    document = as_document(changed(read, ("get pods", "delete pods"), ("within 30 min", "within 10 min")))
    assert list(document) == ["commands", "gates", "response_minutes", "scenarios"]
    (change,) = document["commands"]["changed"]
    assert change["effect_changed"] is True
    assert set(change["after"]) == {"line", "text", "place", "title", "effect", "unattended", "rule"}
    assert document["response_minutes"] == [{"severity": "P1", "before": 30, "after": 10}]
