"""Settings of stakeholders: who outside the repair is told of an incident of which severity, and how often."""

from __future__ import annotations

from typing import Literal

from fireline.settings.part import Part


class StakeholderSettings(Part, frozen=True, kw_only=True):
    """`[stakeholders.NAME]`, by the severity's name: who gets summaries of such incidents."""

    mail: tuple[str, ...] = ()
    webhook: str = ""  # an incoming webhook's address, which is as good as a password
    kind: Literal["mattermost", "teams"] = "mattermost"
    minutes: float = 30.0  # from one summary to the next; 0 never asks for one

    def __post_init__(self) -> None:
        if not self.mail and not self.webhook:
            raise ValueError("missing required field `mail` or `webhook`")
        if self.minutes < 0:
            raise ValueError("`minutes` is 0 or more")
