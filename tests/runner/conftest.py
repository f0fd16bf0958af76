"""A field for each test: a prepared server's folder, and nothing that runs yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.field import Field


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    """Prepared with patience enough for a busy machine."""
    one = Field(tmp_path)
    one.prepare()
    yield one
    one.close()
