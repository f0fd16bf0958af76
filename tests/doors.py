"""The application in front of a house, for requests without its lifespan.

Its two hundred routes take longer to put together than most tests take. So an application that a test is done with is
kept, and the next house has its own parts handed in. Slack's doors and a lifespan come from `fireline.app.asgi`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from litestar import Litestar
from litestar.di import Provide

from fireline.app import _parts, asgi
from fireline.house import House

_spare: list[Litestar] = []


@contextmanager
def in_front_of(house: House) -> Iterator[Litestar]:
    """The application in front of this house, as long as this lasts."""
    assert not house.settings.slack, "an application with the doors for Slack is another one"
    application = _spare.pop() if _spare else asgi(house)
    parts = _parts(house) | {"chat": None}
    assert set(parts) == set(application.dependencies)
    for name, part in parts.items():
        provider = application.dependencies[name]
        assert isinstance(provider, Provide)
        assert provider.use_cache
        provider.value = part  # what the first request would keep
    yield application
    _spare.append(application)
