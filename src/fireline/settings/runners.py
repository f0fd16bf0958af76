"""Settings about runners: what one of them is, and how long the server waits for them."""

from __future__ import annotations

from typing import Literal

from fireline.settings.part import Part


class RunnerSettings(Part, frozen=True, kw_only=True):
    """`[runner]`: what `fireline runner` is, in a file of its own beside its [lanes], [store] spool and [guard]."""

    name: str
    url: str  # of the server; https, except on this machine
    token: str = ""  # of scope runner; better in FIRELINE_RUNNER_TOKEN
    environments: tuple[str, ...] = ()  # that it serves; () serves all
    lanes: tuple[Literal["read", "write"], ...] = ("read",)  # that it has: the write lane only where it is meant
    at_once: int = 4  # commands side by side


class RunnersSettings(Part, frozen=True, kw_only=True):
    """`[runners]`: how the server waits for them."""

    lease_seconds: float = 15.0  # without a word from it, a runner is lost
    take_seconds: float = 60.0  # in which a runner has to take a command; then it does not run
