"""Bare: HTML as plain words, for what people send as mail or publish in a feed. Scripts and styles are left out."""

from __future__ import annotations

import html
import re

import nh3

from fireline.core.outside import clean

_BREAKS = re.compile(r"(?i)<(?:br|/p|/div|/tr|/li|/h\d)\b[^>]{0,200}>")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def bare(text: str) -> str:
    """The words of some HTML, a line a paragraph."""
    words = html.unescape(nh3.clean(_BREAKS.sub("\n", text), tags=set()))
    return clean(_BLANK_LINES.sub("\n\n", words).strip())
