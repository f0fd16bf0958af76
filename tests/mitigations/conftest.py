"""The scene of each mitigation's story; see `scene`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kube import Kube
from mitigations.scene import Book, Scene, furnish, opened, ours, seed

OpenScene = Callable[..., Scene]


BOTH = pytest.mark.parametrize("book", ["seed", "ours"], indirect=True)


@pytest.fixture
def book(request: pytest.FixtureRequest, shared_if_there: Path | None) -> Book:
    """Each story is told with the seed's runbook, or with our own where that is not at hand; some with `BOTH`."""
    named = getattr(request, "param", "seed" if shared_if_there else "ours")
    return seed(request.getfixturevalue("shared")) if named == "seed" else ours()


@pytest.fixture
def open_scene(tmp_path: Path, kube: Kube, book: Book) -> Iterator[OpenScene]:
    """Opens the scene with further settings; closed in the end."""
    if kube.kubectl("version", "--client").returncode:
        pytest.skip("skipped: no kubectl")
    furnish(kube, book)
    scenes: list[Scene] = []

    def open_(**more: Any) -> Scene:
        scenes.append(opened(tmp_path, kube, book, **more))
        return scenes[-1]

    yield open_
    for one in scenes:
        one.house.durable.close(grace=5)  # what is under way may still ask the cluster
        one.house.close()


@pytest.fixture
def scene(open_scene: OpenScene) -> Scene:
    """The scene as it usually is."""
    return open_scene()
