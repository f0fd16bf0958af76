"""What is changed for the time being is a debt: it is listed, asked after, and the incident does not close over it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from fireline.core import approval, debt, gate, review
from fireline.core.events import HOUSE, CommandStarted, GateSpec, IncidentDeclared, Log, Revert
from fireline.core.follow import Clock, Effect, follow
from fireline.core.refusal import Refused
from fireline.core.timeline import entries

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DECLARED = IncidentDeclared(
    at=NOON, by="ana", title="429s", severity="P1", severity_name="High", severity_why="", response_minutes=15,
    detected_at=NOON, gates=(GateSpec(key="g1", text="Permanent fix implemented", kind="by hand"),),
)  # fmt: skip
RAISE = "kubectl annotate ingress shop nginx.ingress.kubernetes.io/limit-rps=100 --overwrite -n prod"
LOWER = "kubectl annotate ingress shop nginx.ingress.kubernetes.io/limit-rps=10 --overwrite -n prod"


@pytest.mark.req(74, 75)
@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("kubectl scale deployment/shop --replicas=10 -n prod", "scale"),
        ("kubectl -n prod scale --replicas 10 deployment/shop", "scale"),
        ("kubectl set env deployment/shop PAYMENT_PROVIDER=backup -n prod", "environment"),
        ('kubectl set env deployment/shop NODE_OPTIONS="--heap-prof --x=1" -n prod', "environment"),
        ("kubectl rollout undo deployment/shop -n prod", "rollback"),
        ("kubectl apply -f k8s/rate-limit-strict.yaml", "limit"),
        ("kubectl apply -f k8s/circuit-breaker.yaml", "circuit breaker"),
        (RAISE, "limit"),
        ("psql -c 'ALTER SYSTEM SET max_connections = 300'", "limit"),
        ("kubectl get pods -n prod", None),
        ("kubectl delete pod shop-1 -n prod", None),
        ("kubectl rollout restart statefulset/postgres", None),
        ("kubectl set env deployment/shop --list", None),
        ("kubectl apply -f k8s/shop.yaml", None),
        ("echo 'unclosed", None),
    ],
)
def test_a_stopgap_is_known_by_its_command(command: str, kind: str | None) -> None:
    found = debt.temporary(command)
    assert (found[0] if found else None) == kind


def taken(**more: object) -> Log:
    log: Log = (DECLARED,)
    return (*log, debt.take(log, NOON, **{"what": "payments run on the backup", "by": "ana", **more}))  # type: ignore[arg-type]


@pytest.mark.req(74, 75)
def test_the_incident_does_not_close_over_a_stopgap_until_it_is_undone_or_owned() -> None:
    log = taken(owner="ana", minutes=60)
    shut = {one.spec.key: one for one in gate.standings(log, NOON)}
    assert not shut["debts"].open
    assert "payments run on the backup" in shut["debts"].detail
    assert "to be made permanent: payments run on the backup" in shut["g1"].detail
    with pytest.raises(Refused, match="not set aside"):
        gate.override(log, NOON, gate="debts", reason="we want to sleep", by="ana")
    owned = debt.own(log, NOON, debt=1, owner="ben", due_at=NOON + timedelta(days=7), by="ana", plan="switch back")
    done = debt.settle(log, NOON, debt=1, by="ben", said="switched back by hand")
    for event in (owned, done):
        assert next(one for one in gate.standings((*log, event), NOON) if one.spec.key == "debts").open


def test_an_incident_without_stopgaps_has_no_gate_for_them() -> None:
    assert [one.spec.key for one in gate.standings((DECLARED,), NOON)] == ["g1"]


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"owner": "", "due_at": NOON + MINUTE}, "named person"),
        ({"owner": HOUSE, "due_at": NOON + MINUTE}, "named person"),
        ({"owner": "ben", "due_at": NOON}, "still to come"),
        ({"owner": "ben", "due_at": NOON + timedelta(days=400)}, "within a year"),
        ({"owner": "ben", "due_at": datetime(2026, 4, 1)}, "with its zone"),  # noqa: DTZ001
    ],
)
def test_owning_takes_a_person_and_a_date(wish: dict[str, object], says: str) -> None:
    with pytest.raises(Refused, match=says):
        debt.own(taken(), NOON, debt=1, by="ana", **wish)  # type: ignore[arg-type]


@pytest.mark.req(74)
def test_when_its_time_is_over_it_is_asked_after_once_and_again_at_the_owners_date() -> None:
    log = taken(minutes=60)
    assert follow(1, log) == (Clock(kind="debt", incident=1, seq=2, due_at=NOON + 60 * MINUTE),)
    with pytest.raises(Refused, match="No temporary change is due"):
        debt.ring(log, NOON + 59 * MINUTE, by=HOUSE)
    log = (*log, debt.ring(log, NOON + 60 * MINUTE, by=HOUSE))
    assert debt.debts(log)[0].state == "due"
    assert entries(log)[-1].sentence.startswith("Time is over: payments run on the backup is still in place")
    with pytest.raises(Refused, match="No temporary change is due"):
        debt.ring(log, NOON + 61 * MINUTE, by=HOUSE)
    day = NOON + timedelta(days=1)
    log = (*log, debt.own(log, NOON + 61 * MINUTE, debt=1, owner="ben", due_at=day, by="ana"))
    assert debt.ring(log, day, by=HOUSE).due_at == day


def raised(*, yes: bool = True) -> Log:
    """Ben agreed to raising the limit and to lowering it again 30 minutes later."""
    log: Log = (DECLARED,)
    back = Revert(command=LOWER, minutes=30)
    ask = partial(approval.ask, step="own words", title="Raise it", command=RAISE, effect="write", rule="kubectl")
    log = (*log, ask(log, NOON, reason="partners are blocked", yes_needed=1, by="ana", revert=back))
    if yes:
        shown = approval.find(log, 1).digest
        log = (*log, approval.give(log, NOON, number=1, shown=shown, by="ben"))
        log = (
            *log,
            CommandStarted(
                at=NOON, by=HOUSE, run="1.ask1", step="own words", title="Raise it", command=RAISE, digest=shown,
                effect="write", rule="kubectl", lane="write", purpose="mitigation", ask=1,
            ),
        )  # fmt: skip
    return (
        *log,
        debt.take(log, NOON, what="limit raised", kind="limit", undo=LOWER, minutes=30, revert=True, ask=1, by=HOUSE),
    )


UNDO = partial(debt.take_back, debt=1, effect="write", rule="kubectl", why="it sets an annotation", yes_needed=1)


@pytest.mark.req(129)
def test_what_was_agreed_to_revert_by_itself_does_so_without_a_further_yes() -> None:
    log = raised()
    log = (*log, debt.ring(log, NOON + 30 * MINUTE, by=HOUSE))
    assert [(one.kind, one.data) for one in follow(1, log) if isinstance(one, Effect)] == [("revert", {"debt": 1})]
    log = (*log, UNDO(log, NOON + 30 * MINUTE, by=HOUSE))
    ask = approval.find(log, 2)
    assert (ask.asked.command, ask.granted, ask.asked.covered_by) == (LOWER, True, 1)
    assert [one.kind for one in follow(1, log) if isinstance(one, Effect)] == ["run"]


@pytest.mark.req(129)
@pytest.mark.parametrize("why", ["nobody said yes", "other bytes", "a person asks"])
def test_everything_else_that_takes_back_waits_for_a_yes(why: str) -> None:
    log = raised(yes=why != "nobody said yes")
    if why == "other bytes":
        log = (*log[:-1], debt.take(log[:-1], NOON, what="limit raised", undo=f"{LOWER}0", minutes=30, ask=1, by=HOUSE))
    asked = UNDO(log, NOON + 30 * MINUTE, by="ana" if why == "a person asks" else HOUSE)
    assert (asked.yes_needed, bool(asked.covered_by)) == (1, False)


@pytest.mark.req(129)
def test_the_yes_is_bound_to_what_takes_it_back_and_when() -> None:
    plain = approval.digest(RAISE)
    ask = partial(approval.ask, (DECLARED,), NOON, step="s", title="t", command=RAISE, effect="write", rule="r")
    digests = {
        approval.Ask(ask(reason="r", yes_needed=1, by="ana", revert=back)).digest
        for back in (
            None,
            Revert(command=LOWER, minutes=30),
            Revert(command=LOWER, minutes=31),
            Revert(command="x", minutes=30),
        )
    }
    assert plain in digests
    assert len(digests) == 4


@pytest.mark.req(74, 75)
def test_the_review_lists_what_is_to_be_made_permanent_or_undone() -> None:
    log = taken()
    log = (*log, debt.own(log, NOON, debt=1, owner="ben", due_at=NOON + timedelta(days=7), by="ana"))
    text = review.draft(
        "# Review\n\n## Resolution\n\n## Action Items\n| Action | Owner | Due Date | Status |\n|---|---|---|---|\n",
        1,
        log,
    )
    assert "| Make permanent or undo: payments run on the backup | ben | 2026-03-09 | Todo |" in text
    assert "Stopgap: payments run on the backup, owned by ben until 2026-03-09" in text


def test_a_debt_is_settled_once_and_a_person_says_how() -> None:
    log = taken()
    with pytest.raises(Refused, match="Say how"):
        debt.settle(log, NOON, debt=1, by="ana")
    log = (*log, debt.settle(log, NOON, debt=1, by="ana", permanent=True, said="it is our provider now"))
    assert debt.debts(log)[0].state == "permanent"
    with pytest.raises(Refused, match="permanent already"):
        debt.settle(log, NOON, debt=1, by="ana", said="again")
    with pytest.raises(Refused, match="no temporary change 7"):
        debt.find(log, 7)
