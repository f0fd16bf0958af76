"""Rendering: templates, the small words they use (times, spans, initials), and addresses of static files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import nh3
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template.config import TemplateConfig
from markdown_it import MarkdownIt
from markupsafe import Markup

from fireline.core import attachment, cancellation, undo
from fireline.core.aftermath import VERDICTS
from fireline.core.events import HOUSE
from fireline.core.helped import said
from fireline.core.people import Person
from fireline.core.series import number
from fireline.core.timeline import VENDORS, duration
from fireline.web import ready

HERE = Path(__file__).parent
STATIC = HERE / "static"
COLOURS = 6  # marks of people; see parts.css
STYLES = ("tokens", "base", "layout", "parts", "incident", "signals", "lists", "icons", "narrow")
GRAVE = ("p0", "p1", "p2", "p3")

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
_argument = re.compile(r"(?:'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.|[^\s'\"\\])+|\s+|.", re.DOTALL)


def templates() -> TemplateConfig[JinjaTemplateEngine]:
    """The engine with every filter the templates use. An unknown name in a template is an error."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "hhmm": hhmm,
        "full": full,
        "iso": iso,
        "ticking": ticking,
        "span": duration,
        "day": day,
        "amount": number,
        "arguments": arguments,
        "drawn": Markup,  # of `core.graph`, which escapes what it is given
        "colour": colour,
        "short": short,
        "squeezed": squeezed,
        "markdown": markdown,
        "plural": plural,
        "shape": shape,
        "sessions": ready.sessions,
        "way_back": undo.of_run,
        "attached": attachment.attached,
        "large": attachment.large,
        "cancelled": cancellation.asked,
        "times": times,
        "vendor": vendor,
        "within": within,
        "verdict": verdict,
        "compared": said,
    }
    environment.tests["containing"] = containing
    environment.globals |= {"static": static, "styles": STYLES, "HOUSE": HOUSE}
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment))


def squeezed(command: str) -> str:
    """A command in one line, for a list; what is approved is never shown so."""
    return " ".join(command.replace("\\\n", " ").split())


def containing(text: str, words: list[str]) -> bool:
    """Whether a text has all of these words."""
    return all(word in text for word in words)


@lru_cache(maxsize=64)
def static(name: str) -> str:
    """The address of a static file with its content's hash, so that browsers may keep it for a year."""
    file = STATIC / name
    return f"/static/{name}?v={sha256(file.read_bytes()).hexdigest()[:12]}" if file.is_file() else f"/static/{name}"


def verdict(word: str) -> str:
    """Whether a change helped, as a sentence begins: "It got worse"."""
    sentence = VERDICTS[word][0]
    return sentence[0].upper() + sentence[1:]


def hhmm(at: datetime) -> str:
    """UTC hours and minutes; the whole time belongs into the `title`."""
    return f"{at:%H:%M}"


def full(at: datetime) -> str:
    """The whole time as a person reads it."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def iso(at: datetime) -> str:
    """The time as browsers read it."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"


def within(minutes: int) -> str:
    """A response time as people say it: 15 min, 4 h."""
    return f"{minutes // 60} h" if minutes and minutes % 60 == 0 else f"{minutes} min"


def day(at: datetime) -> str:
    """Day and time, for lists that go back further than a day."""
    return f"{at.day} {at:%b %H:%M}"


def ticking(span: timedelta) -> str:
    """A running clock: 3:07, 27:29, 1:42:06."""
    seconds = max(0, int(span.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def times(count: int) -> str:
    """Once, twice, 14 times."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def vendor(name: str) -> str:
    """What the vendor calls itself."""
    return VENDORS.get(name, name)


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 gate`, `3 gates`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def short(digest: str) -> str:
    """The start and the end of a digest, enough to compare by eye."""
    return f"{digest[:8]}…{digest[-4:]}"


def shape(severity: str) -> str:
    """The severity's class; one that no shape fits is drawn like the mildest."""
    name = severity.lower()
    return name if name in GRAVE else GRAVE[-1]


def colour(handle: str) -> int:
    """A person's colour, the same on every page: 1 to 6."""
    return crc32(handle.encode()) % COLOURS + 1


def arguments(command: str) -> Markup:
    """The whole command, one span an argument, so that lines break between arguments and never inside one."""
    pieces = _argument.findall(command)
    return Markup("").join(piece if piece.isspace() else Markup("<span>{}</span>").format(piece) for piece in pieces)


def markdown(text: str) -> Markup:
    """Markdown as clean HTML: no HTML of the text's own, and headings one level down, under the page's."""
    tokens = _markdown.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
    html = nh3.clean(_markdown.renderer.render(tokens, _markdown.options, {}))
    return Markup(html)  # noqa: S704  # cleaned just here


class Names:
    """People's names by their handles; someone who left keeps the handle."""

    def __init__(self, people: Mapping[str, Person]) -> None:
        self._people = people

    def __call__(self, handle: str) -> str:
        """The name as it is said."""
        if handle == HOUSE:
            return "fireline"
        found = self._people.get(handle)
        return found.name if found else handle

    @property
    def responders(self) -> tuple[Person, ...]:
        """Everybody who may be asked to do something."""
        return tuple(one for one in self._people.values() if one.may_act)

    def initials(self, handle: str) -> str:
        """One or two letters."""
        found = self._people.get(handle) or Person(handle, handle)
        return found.initials
