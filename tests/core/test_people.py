"""A person is a handle, a name and a role; viewers look and do not touch."""

from __future__ import annotations

import pytest

from fireline.core.people import Person, check, must_act
from fireline.core.refusal import Refused


@pytest.mark.parametrize("handle", ["", "Ana", "1ana", "an a", "a" * 33, "fireline", "root", "system", "ana\n"])
def test_a_handle_is_short_plain_and_not_the_houses(handle: str) -> None:
    with pytest.raises(Refused, match="A handle is 1 to 32") as no:
        check(handle, "Ana", "responder")
    assert (no.value.status, no.value.field) == (400, "handle")


@pytest.mark.parametrize("name", ["", "  ", "x" * 101])
def test_a_name_is_there_and_fits(name: str) -> None:
    with pytest.raises(Refused, match="1 to 100 characters") as no:
        check("ana", name, "responder")
    assert no.value.field == "name"


def test_a_role_is_one_of_three() -> None:
    with pytest.raises(Refused, match="one of viewer, responder, admin") as no:
        check("ana", "Ana", "boss")
    assert no.value.field == "role"


def test_a_name_is_kept_tidy_and_gives_initials() -> None:
    person = check("ana", "  Ana   Lima ", "admin")
    assert (person.name, person.initials, person.may_act) == ("Ana Lima", "AL", True)
    assert Person("ben", "Ben").initials == "B"


def test_a_viewer_hears_whom_to_ask() -> None:
    must_act(Person("ana", "Ana", "responder"))
    with pytest.raises(Refused, match=r"may only look\. Ask an admin") as no:
        must_act(Person("vic", "Vic", "viewer"))
    assert no.value.status == 403
