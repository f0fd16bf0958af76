"""The board as feeds: one entry an incident in Atom (RFC 4287) and RSS 2.0, changed whenever it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import escape

from fireline.core.board import Board, Maintenance, Told

SHOWN = 25  # entries; readers keep what they have seen
ATOM = "http://www.w3.org/2005/Atom"
# What XML 1.0 has no way to write, https://www.w3.org/TR/xml/#charsets
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Link = Callable[[str], str]  # the whole address of a page, by its path


def atom(board: Board, at: datetime, link: Link) -> bytes:
    """The Atom feed."""
    feed = Element("feed", {"xmlns": ATOM, "xml:lang": "en"})
    _text(feed, "id", board.url)
    _text(feed, "title", board.title)
    SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": link("")})
    SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": link("history.atom")})
    _text(feed, "updated", _rfc3339(board.changed_at or _midnight(at)))
    author = SubElement(feed, "author")
    _text(author, "name", board.title)
    for name, title, began, changed, html, path in _entries(board, at):
        entry = SubElement(feed, "entry")
        _text(entry, "id", f"tag:{urlsplit(board.url).hostname or 'status'},{began:%Y-%m-%d}:{name}")
        _text(entry, "title", title)
        _text(entry, "published", _rfc3339(began))
        _text(entry, "updated", _rfc3339(changed))
        SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": link(path)})
        _text(entry, "content", html).set("type", "html")
    return _written(feed)


def rss(board: Board, at: datetime, link: Link) -> bytes:
    """The RSS feed. Readers know an entry by its guid, so that a later update changes it and makes no second one."""
    whole = Element("rss", {"version": "2.0", "xmlns:atom": ATOM})
    channel = SubElement(whole, "channel")
    _text(channel, "title", board.title)
    _text(channel, "link", link(""))
    _text(channel, "description", f"Incidents and planned maintenance of {board.title}")
    _text(channel, "lastBuildDate", format_datetime(board.changed_at or _midnight(at)))
    own = {"rel": "self", "type": "application/rss+xml", "href": link("history.rss")}
    SubElement(channel, "atom:link", own)
    for name, title, _, changed, html, path in _entries(board, at):
        item = SubElement(channel, "item")
        _text(item, "title", title)
        _text(item, "link", link(path))
        _text(item, "guid", name).set("isPermaLink", "false")
        _text(item, "pubDate", format_datetime(changed))
        _text(item, "description", html)
    return _written(whole)


def _entries(board: Board, at: datetime) -> list[tuple[str, str, datetime, datetime, str, str]]:
    """Id, title, begin, last change, HTML and path of each, the one that changed last first."""
    found = [
        (one.id, one.last.title, one.began, one.last.at, _told(one), f"incidents/{one.id}") for one in board.incidents
    ]
    planned = (*board.planned(at), *board.finished(at))
    found += [(one.id, f"Maintenance: {one.title}", one.told_at, one.told_at, _work(one), "") for one in planned]
    return sorted(found, key=lambda one: (one[3], one[0]), reverse=True)[:SHOWN]


def _told(one: Told) -> str:
    return "".join(
        f"<p><strong>{said.status}</strong> <small>{said.at.astimezone(UTC):%d %b %H:%M} UTC</small><br>"
        f"{_html(said.text)}</p>"
        for said in reversed(one.notices)
    )


def _work(one: Maintenance) -> str:
    return f"<p>{one.starts_at:%d %b %H:%M} to {one.ends_at:%d %b %H:%M} UTC</p><p>{_html(one.text)}</p>"


def _html(text: str) -> str:
    return str(escape(text)).replace("\n", "<br>")


def _text(parent: Element, name: str, text: str) -> Element:
    one = SubElement(parent, name)
    one.text = NO_XML.sub("", text)
    return one


def _rfc3339(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _written(root: Element) -> bytes:
    whole: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return whole
