"""A mail to customers is the runbook's template, filled from the log; a blank that nobody filled stops it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core import brief, customers, letter, mailing, review, timeline
from fireline.core.customers import Customer, customer
from fireline.core.draft import Inside
from fireline.core.events import (
    HOUSE,
    AnyEvent,
    IncidentDeclared,
    IncidentMerged,
    Log,
    RootCauseStated,
    StatusChanged,
)
from fireline.core.follow import follow
from fireline.core.incident import fold
from fireline.core.letter import Facts
from fireline.core.mailing import Listed
from fireline.core.refusal import Refused
from fireline.core.runbook import parse
from fireline.core.work import Mail
from fireline.shell import parse as shell

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FULL = Facts(
    choice="Action Required", began=NOON, ended=NOON + timedelta(minutes=50), services=("Shop", "Search"),
    impact="You could not pay.\nOrders came late.", cause="A disk was full.", resolution="We made room on it.",
    prevention="We watch the disk.", support="help@lantern.example", signature="Lantern Books",
)  # fmt: skip
OURS = Path(__file__).resolve().parents[2] / "examples" / "runbooks" / "incident-response.md"
NOBODY = Inside()
LIST = Listed(1000, "ab")


def declared(**more: Any) -> Log:
    return (
        IncidentDeclared(
            at=NOON, by="ana", title="db01 is down", severity="P1", severity_name="High", severity_why="",
            response_minutes=15, detected_at=NOON, service="checkout", **more,
        ),
    )  # fmt: skip


def then(log: Log, *deeds: Callable[..., AnyEvent]) -> Log:
    for deed in deeds:
        log = (*log, deed(log, NOON + timedelta(minutes=len(log))))
    return log


def drafts(text: str = "You could not pay.", **more: Any) -> Any:
    return partial(
        mailing.draft, **{"subject": "FYI: slow shop", "text": text, "services": ("checkout",), "by": "ana"} | more
    )


def yes(log: Log, number: int = 1, **more: Any) -> Any:
    shown = mailing.digest(mailing.find(log, number).drafted, LIST)
    given_: dict[str, Any] = {
        "who": LIST,
        "known": NOBODY,
        "template": "",
        "meant": True,
        "by": "ben",
        "shown": shown,
    } | more
    return partial(mailing.approve, number=number, **given_)


def test_our_own_template_is_filled_and_names_every_part() -> None:
    found = letter.fill(letter.TEMPLATE, FULL)
    assert found.subject == "Action Required: Service interruption on 2 March 2026"
    assert "On 2 March 2026, from 12:00 to 12:50 UTC, this did not work as it should: Shop, Search." in found.text
    assert "Impact:\n- You could not pay.\n- Orders came late.\n\nRoot cause:\n- A disk was full." in found.text
    assert "Resolution:\n- We made room on it.\n\nPrevention:\n- We watch the disk." in found.text
    assert found.text.endswith("write to help@lantern.example.\n\nLantern Books")
    assert letter.check(found.subject, found.text, NOBODY, letter.TEMPLATE + FULL.support) == ()


@pytest.mark.req(91)
def test_the_runbooks_own_template_is_filled_line_for_line(shared: Path) -> None:
    page = next((shared / "seed").glob("*.md"))
    template = letter.template_of(parse(page.read_bytes(), path=page.name, shell=shell))
    assert letter.choices(template) == ("Action Required", "FYI")
    found = letter.fill(template, FULL)
    assert found.subject.startswith("Action Required: ")
    assert found.subject.endswith("2 March 2026")
    for said in ("2 March 2026 from 12:00 to 12:50 UTC affecting Shop, Search.", *FULL.impact.splitlines(), FULL.cause,
                 FULL.resolution, FULL.prevention):  # fmt: skip
        assert said in found.text
    kept = [line for line in template.splitlines()[1:] if line and "[" not in line]
    assert [line for line in found.text.splitlines() if line in kept] == kept
    assert letter.check(found.subject, found.text, NOBODY, template) == ()


@pytest.mark.req(91)
def test_a_blank_that_nobody_filled_stays_and_stops_the_letter() -> None:
    template = letter.template_of(parse(OURS.read_bytes(), path=OURS.name, shell=shell))
    found = letter.fill(template, Facts(began=NOON, ended=None, services=("Shop",)))
    stops = [one.found for one in letter.check(found.subject, found.text, NOBODY, template) if one.stops]
    assert "[TIME]" in stops
    assert "[What readers noticed]" in stops
    log = then(declared(), drafts(found.text))
    with pytest.raises(Refused, match=r"cannot go out.*\[What readers noticed\]"):
        yes(log)(log, NOON)


def test_the_end_on_another_day_says_so() -> None:
    late = Facts(began=NOON.replace(hour=23), ended=NOON + timedelta(hours=13), services=("Shop",))
    assert "from 23:00 to 01:00 (3 March 2026) UTC" in letter.fill(letter.TEMPLATE, late).text


def test_the_log_fills_what_it_knows() -> None:
    log = (
        *declared(), RootCauseStated(at=NOON, by="ana", text="The disk was full."),
        StatusChanged(at=NOON + timedelta(hours=1), by="ana", status="Resolved"),
    )  # fmt: skip
    known = letter.facts(fold(1, log), services=("Shop",))
    assert (known.began, known.ended, known.cause) == (NOON, NOON + timedelta(hours=1), "The disk was full.")
    typed = letter.given(known, ended="2026-03-02T12:30", impact=" Slow pages. ", cause=None)
    assert (typed.ended, typed.impact, typed.cause) == (NOON + timedelta(minutes=30), "Slow pages.", known.cause)
    with pytest.raises(Refused, match="ended before"):
        letter.given(known, ended="2026-03-02T11:30")
    with pytest.raises(Refused, match="UTC"):
        letter.given(known, began="noon")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("Subject: Note\n\nIt lasted [duration].", "It lasted 50 min."),
        ("Subject: Note\n\nStart: <start time>\nEnd: <end time>", "Start: 12:00\nEnd: 12:50"),
        ("Subject: Note\n\nWhat happened:\n[tell it]", "What happened:\nYou could not pay.\nOrders came late."),
        ("Subject: Note\n\n{{affected services}} on {{date}}", "Shop, Search on 2 March 2026"),
        ("Subject: Note\n\nSee [our page](https://status.example.com).", "See [our page](https://status.example.com)."),
        ("Subject: Note\n\n- [something else]", "- [something else]"),
    ],
)
def test_blanks_are_known_as_people_write_them(template: str, said: str) -> None:
    assert letter.fill(template, FULL).text == said


LINES = st.lists(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Z", "S"]), max_size=30), max_size=8)


@given(LINES)
def test_the_html_says_the_very_words(lines: list[str]) -> None:
    text = "\n".join(lines)
    plain = unescape(re.sub(r"<[^>]*>", " ", letter.html(text)))

    def letters(said: str) -> str:
        return "".join(one for one in said if one.isalnum())

    assert letters(plain) == letters(text)


def test_what_the_template_says_to_customers_is_meant_and_a_host_is_not() -> None:
    inside = Inside(people=("Ana Duarte",), places=("db01",))
    template = "Subject: Note\n\nWrite to help@lantern.example."
    found = letter.check("FYI", "Ana saw db01 fail. Write to help@lantern.example.", inside, template)
    assert {one.kind for one in found} == {"person", "address"}


@pytest.mark.req(91)
def test_a_draft_goes_out_by_another_persons_yes_to_its_words_and_its_list() -> None:
    log = then(declared(), drafts())
    assert follow(1, log) == ()
    with pytest.raises(Refused, match="You wrote this one"):
        yes(log, by="ana")(log, NOON)
    with pytest.raises(Refused, match="not the ones you were shown"):
        yes(log, who=Listed(1001, "cd"))(log, NOON)
    with pytest.raises(Refused, match="Nobody has had it as a test mail"):
        yes(log, meant=False)(log, NOON)
    with pytest.raises(Refused, match="Only a person"):
        yes(log, by=HOUSE)(log, NOON)
    log = then(log, partial(mailing.test, number=1, by="ana"))
    log = then(log, yes(log, meant=False))
    assert follow(1, log) == (Mail(incident=1, seq=4, at=log[-1].at, letter=1, services=("checkout",), listed="ab"),)
    assert mailing.find(log, 1).state == "going out"
    with pytest.raises(Refused, match="ben has approved"):
        yes(log)(log, NOON)


def test_nobody_on_the_list_is_no_list() -> None:
    log = then(declared(), drafts())
    none = Listed(0, "x")
    with pytest.raises(Refused, match="Nobody would get it"):
        yes(log, who=none, shown=mailing.digest(mailing.find(log, 1).drafted, none))(log, NOON)


def test_a_letter_is_taken_back_stopped_sent_and_sent_again() -> None:
    log = then(declared(), drafts(), drafts(), drafts())
    log = then(log, partial(mailing.withdraw, number=1, reason="too early", by="ben"))
    assert follow(1, log) == ()
    log = then(log, yes(log, 2))
    log = then(log, partial(mailing.withdraw, number=2, reason="wrong day", by="cleo"))
    assert follow(1, log) == (Mail(incident=1, seq=7, at=log[-1].at, letter=2),)
    log = then(log, yes(log, 3))
    log = then(log, partial(mailing.sent, number=3, counts={"sent": 999, "unknown": 1}, by=HOUSE))
    assert [one.state for one in mailing.letters(log)] == ["withdrawn", "stopped", "sent"]
    with pytest.raises(Refused, match="nothing left to stop"):
        mailing.withdraw(log, NOON, number=3, reason="w", by="ana")
    log = then(log, partial(mailing.send_again, number=3, customer=7, by="ana"))
    assert follow(1, log) == (Mail(incident=1, seq=10, at=log[-1].at, letter=3, again=7),)
    assert mailing.find(log, 3).state == "going out"
    with pytest.raises(Refused, match="stopped"):
        mailing.send_again(log, NOON, number=2, customer=7, by="ana")
    assert "customers, letter 3 at 12:07 to 1,000, going out" in brief.text(brief.brief(1, log, NOON))
    waits = brief.text(brief.brief(1, then(log, drafts()), NOON))
    assert "letter 4 to customers wants a yes" in waits
    said = [one.sentence for one in timeline.entries(log)]
    assert "ben approved letter 3 to 1,000 customers" in said
    assert "Letter 3 to customers is out: 999 sent, 1 unknown" in said
    assert "ben approved letter 3 to 1,000 customers" in review.draft(review.TEMPLATE, 1, log)


@pytest.mark.req(93)
def test_nothing_of_a_private_or_merged_incident_is_written_to_customers() -> None:
    private = declared(private=True)
    with pytest.raises(Refused, match="private"):
        drafts()(private, NOON)
    merged = (*declared(), IncidentMerged(at=NOON, by="ana", into=7, why="w"))
    with pytest.raises(Refused, match="INC-7"):
        drafts()(merged, NOON)
    assert not mailing.may_be_written(private)
    assert not mailing.may_be_written(merged)


@pytest.mark.parametrize(
    "wrong", [{"subject": " "}, {"subject": "x" * 300}, {"text": ""}, {"text": "x" * 11_000}, {"services": (" ",)}]
)
def test_a_letter_needs_a_subject_words_and_somebody_to_get_it(wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused) as no:
        drafts(**wrong)(declared(), NOON)
    assert no.value.status == 400


def test_the_log_never_holds_an_address() -> None:
    log = then(declared(), drafts())
    log = then(log, yes(log), partial(mailing.send_again, number=1, customer=7, by="ana"))
    assert mailing.listed(["cleo@example.com", "b@example.com"]) == mailing.listed(
        ["b@example.com", "cleo@example.com"]
    )
    assert "@" not in repr(log)


def test_a_table_of_customers_is_read_and_each_address_is_one() -> None:
    lines = (
        "\ufeffName,Email,Services",
        "Cleo,Cleo@Example.com,shop; search",
        ",cleo@example.com,blog",
        "D,dora@büro.example,",
    )
    text = "\n".join((*lines, "", ""))
    assert customers.read(text) == (
        Customer(mail="cleo@example.com", services=("shop", "search", "blog")),
        Customer(mail="dora@xn--bro-hoa.example", services=("*",)),
    )
    assert customer("A@B.example", ["shop", "*"]) == Customer(mail="a@b.example")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "name a column"),
        ("name\nCleo\n", "name a column"),
        ("mail\ncleo\n", "Row 2"),
        ("mail\na@b.example\nc@d.example\nx@y..example\n", "Row 4"),
        ('mail\n"a\nb"@c.example\n', "Row 2|no table"),
        ("mail\nclé@example.com\n", "Row 2"),
        (f"mail,services\na@b.example,{'x' * 300}\n", "at most 200"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_its_row(text: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        customers.read(text)
