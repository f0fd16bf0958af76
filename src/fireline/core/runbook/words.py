"""What stands inside a line: plain words, code, links, and the stems used to compare two texts."""

from __future__ import annotations

import re
from functools import lru_cache

CODE = re.compile(r"(`+)(?P<code>.+?)(?<!`)\1(?!`)")
LINK = re.compile(r"!?\[(?P<title>(?:[^\[\]]|\[[^\[\]]*\])*)\]\(<?(?P<target>[^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
URL = re.compile(r"https?://[^\s<>\"'`)\]]*[^\s<>\"'`)\].,;:!?]")
MARKS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1|(?<![*\w])\*(?=\S)([^*\n]+?)(?<=\S)\*(?!\w)")
SHORT = 300  # characters of a text whose stems are worth remembering
SPACE = re.compile(r"\s+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
PRODUCTS = frozenset("redis memcached valkey postgres postgresql mysql mariadb".split())  # noqa: SIM905
WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
# Words that say nothing about what is broken. "all" and "not" stay: they change the meaning.
EMPTY = frozenset(
    "a an and are as at be been by can cannot for from has have if in into is it its of on or our that the"  # noqa: SIM905
    " their them there they this to too us was we were what when while will with you your".split()
)
# Product names people type where the runbook names the thing: the words agree for comparing only.
SAME = {
    "redis": "cache",
    "memcached": "cache",
    "valkey": "cache",
    "postgres": "database",
    "postgresql": "database",
    "mysql": "database",
    "mariadb": "database",
    "db": "database",
    "unreachable": "down",
    "unavailable": "down",
    "offline": "down",
    "outage": "down",
    "dead": "down",
    "login": "sign",
    "signin": "sign",
    "fail": "failing",
    "failed": "failing",
    "failure": "failing",
    "crashing": "crash",
    "crashes": "crash",
    "crashed": "crash",
    "whole": "all",
    "entire": "all",
    "complete": "all",
    "everything": "all",
    "latency": "slow",
    "slowly": "slow",
    "corrupted": "corruption",
    "corrupt": "corruption",
    "exceeded": "exceed",
    "exhausted": "exhaust",
}


def plain(text: str) -> str:
    """Give the words of a Markdown line without its marks: bold, code, links, escapes."""
    text = LINK.sub(lambda m: m["title"], text)
    text = CODE.sub(lambda m: m["code"], text)
    text = MARKS.sub(lambda m: m[2] or m[3], text)
    return SPACE.sub(" ", re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)).strip()


def code_spans(text: str) -> list[tuple[int, str]]:
    """Give each code span of a text with the offset its code begins at."""
    return [(m.start("code"), m["code"]) for m in CODE.finditer(text)]


def links(text: str) -> list[tuple[int, str, str]]:
    """Give (offset, title, target) of each link of a text, code spans left out."""
    masked = CODE.sub(lambda m: " " * len(m[0]), text)
    return [(m.start(), plain(m["title"]), m["target"]) for m in LINK.finditer(masked)]


def split_camel(text: str) -> str:
    """Give "Redis Down" for "RedisDown", and leave ordinary text alone."""
    return CAMEL.sub(" ", text)


def stems(text: str, *, level: bool = True) -> tuple[str, ...]:
    """Give the words of a text that carry meaning, lower case and without plural, each once, in order.

    With `level` product names and synonyms become the plain word: "Redis is offline" is ("cache", "down").
    """
    return _known_stems(text, level) if len(text) <= SHORT else _stems(text, level)


def _stems(text: str, level: bool) -> tuple[str, ...]:  # noqa: FBT001
    words = WORD.findall(split_camel(text).replace("’", "'").lower())
    return tuple(dict.fromkeys(stem for word in words if (stem := _stem(word, level)) is not None))


@lru_cache(maxsize=8192)  # alerts say the same words again and again
def _stem(word: str, level: bool) -> str | None:  # noqa: FBT001
    """What the word counts as; None when it carries no meaning."""
    same = SAME if level else {}
    stem = same.get(word, word)
    if stem == word:
        stem = same.get(_singular(word), _singular(word))
    return None if stem in EMPTY else stem


_known_stems = lru_cache(maxsize=8192)(_stems)  # titles and examples are held against every alert that comes


def _singular(word: str) -> str:
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def slug(title: str) -> str:
    """Give the anchor a page viewer makes of a title: "Redis Down" is `redis-down`."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))
