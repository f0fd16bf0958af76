"""Lanes as the settings say them: of the house, or of a runner."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from fireline.executor import Lane
from fireline.settings import LaneSettings


def lane(name: Literal["read", "write"], said: LaneSettings) -> Lane:
    """The lane of these settings. Nothing of our own environment reaches it."""
    return Lane(
        name=name,
        environment={"PATH": said.path, "LANG": "C.UTF-8"} | said.environment,
        directory=Path(said.directory).resolve(),
        seconds=said.seconds,
        memory_bytes=said.memory_mib * 1024 * 1024,
        output_bytes=said.output_kib * 1024,
    )
