"""A provider's feed says which of its events are open, however it writes them; what is no feed is no empty one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fireline.connectors.feeds import Entry, fits, read_feed
from fireline.core.refusal import Refused

ATOM = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Status</title>{entries}</feed>"""
ATOM_ENTRY = """<entry><id>tag:status.example,2026:{n}</id><updated>2026-03-02T{hour:02}:00:00Z</updated>
<link href="https://status.example/incidents/{n}"/><title>{title}</title>
<content type="html">{text}</content></entry>"""
RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>AWS</title>{items}</channel></rss>"""
RSS_ITEM = """<item><title><![CDATA[{title}]]></title><guid>https://status.example/#s3_{n}</guid>
<link>https://status.example/</link><pubDate>Mon, 02 Mar 2026 {hour:02}:00:00 GMT</pubDate>
<description><![CDATA[{text}]]></description></item>"""


def atom(*entries: tuple[str, str]) -> bytes:
    made = (ATOM_ENTRY.format(n=n, hour=n, title=title, text=_escaped(text)) for n, (title, text) in enumerate(entries))
    return ATOM.format(entries="".join(made)).encode()


def rss(*items: tuple[str, str]) -> bytes:
    made = (RSS_ITEM.format(n=n, hour=n, title=title, text=text) for n, (title, text) in enumerate(items))
    return RSS.format(items="".join(made)).encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def states(body: bytes) -> dict[str, str]:
    """Of each event, what is said last."""
    return {one.event: one.state for one in reversed(read_feed(body))}


def test_an_incident_with_its_updates_on_top_of_its_text_is_what_the_newest_says() -> None:
    resolved = (
        "<p><small>Mar 2, 14:03 UTC</small><br><strong>Resolved</strong> - It is over.</p>"
        "<p><small>Mar 2, 13:00 UTC</small><br><strong>Investigating</strong> - We look.</p>"
    )
    watching = (
        "<p><small>Mar 2, 14:03 UTC</small><br><strong>Monitoring</strong> - We think it is resolved - soon.</p>"
        "<p><small>Mar 2, 13:00 UTC</small><br><strong>Investigating</strong> - We look.</p>"
    )
    planned = "<p><small>Mar 9, 14:03 UTC</small><br><strong>Scheduled</strong> - We move house.</p>"
    body = atom(("Slow API", resolved), ("No mail", watching), ("Moving", planned))
    assert states(body) == {"Slow API": "over", "No mail": "open", "Moving": "planned"}


def test_an_item_for_each_update_is_one_event_and_its_newest_item_counts() -> None:
    body = rss(
        ("Informational message: Increased error rates", "We are investigating increased error rates."),
        ("Service is operating normally: [RESOLVED] Increased error rates", "Between 1 and 2 we had errors."),
        ("Service degradation: Slow writes", "We are working on it and expect it to be resolved soon."),
    )
    assert states(body) == {"Increased error rates": "over", "Slow writes": "open"}


def test_what_says_nothing_of_its_state_is_believed_to_be_open() -> None:
    assert states(rss(("Something burns", ""))) == {"Something burns": "open"}


def test_entries_are_bare_words_with_the_newest_first() -> None:
    first_item = ("First &amp; only", "<p>All <b>red</b><script>alert(1)</script></p>")
    body = rss(first_item, ("Second", "password=hunter2hunter2"))
    second, first = read_feed(body)
    assert (first.title, first.text) == ("First & only", "All red")
    assert (second.text, second.at) == ("password=«masked»", datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    assert second.url == "https://status.example/"


@pytest.mark.parametrize(
    "body", [b"", b"<html><body>Please sign in</body></html>", b"\x00\xff", b"{}", b"http://127.0.0.1/"]
)
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="no RSS or Atom feed"):
        read_feed(body)


def test_a_feed_without_entries_is_a_feed() -> None:
    assert read_feed(atom()) == ()


def test_an_entity_that_grows_without_end_does_not() -> None:
    bomb = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">{bomb}]>'
    body = f'{head}<rss version="2.0"><channel><item><title>&l11;</title></item></channel></rss>'
    try:
        assert len(str(read_feed(body.encode()))) < 10_000
    except Refused as no:
        assert "no RSS" in no.sentence  # noqa: PT017  # either is harmless


@pytest.mark.parametrize(
    ("words", "fit"),
    [((), True), (("Lantern",), True), (("lantern",), True), (("Lan",), False), (("us-east-1", "books"), True)],
)
def test_words_fit_whole_and_in_any_case(words: tuple[str, ...], fit: bool) -> None:  # noqa: FBT001
    entry = Entry("The Lantern is down", "e", "no books today", "https://blog.example/1", None, "open")
    assert fits(entry, words) is fit
