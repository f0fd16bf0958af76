"""The house that every test of the pages looks at, one a module: the engine is one per process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from web.told import Told, served


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The house, served on a free port."""
    with served(tmp_path_factory.mktemp("house")) as house:
        yield house
