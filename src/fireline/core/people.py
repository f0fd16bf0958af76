"""People: who they are and what their role lets them do. Nobody has a password by default."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fireline.core.refusal import Refused

Role = Literal["viewer", "responder", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "responder", "admin")
HANDLE = re.compile(r"[a-z][a-z0-9._-]{0,31}")
RESERVED = ("fireline", "system", "root")  # `fireline` is how the house signs its own deeds


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    handle: str
    name: str
    role: Role = "responder"

    @property
    def may_act(self) -> bool:
        """May declare, acknowledge, approve and run."""
        return self.role in {"responder", "admin"}

    @property
    def initials(self) -> str:
        """One or two letters for the mark beside their name."""
        words = self.name.split() or [self.handle]
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()


def check(handle: str, name: str, role: str) -> Person:
    """A person from what somebody typed. Raises `Refused` naming the field."""
    if not HANDLE.fullmatch(handle) or handle in RESERVED:
        raise Refused(
            "A handle is 1 to 32 of a-z, 0-9, dot, dash and underscore, begins with a letter, and is not the house's.",
            status=400,
            field="handle",
        )
    if not name.strip() or len(name) > 100:
        raise Refused("Give a name of 1 to 100 characters.", status=400, field="name")
    for known in ROLES:
        if known == role:
            return Person(handle, " ".join(name.split()), known)
    raise Refused(f"A role is one of {', '.join(ROLES)}.", status=400, field="role")


def must_act(person: Person) -> None:
    """Refuse people who may only look."""
    if not person.may_act:
        raise Refused("Your account may only look. Ask an admin for the responder role.", status=403)
