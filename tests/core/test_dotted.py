"""A dotted path finds a value in anybody's JSON, or says how far it led."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core.dotted import Missing, value_at
from fireline.core.refusal import Refused

BODY: dict[str, Any] = {
    "issue": {"key": "SHOP-7", "fields": {"components": [{"name": "checkout"}, {"name": "search"}], "votes": 3}},
    "k8s.io/name": "till",
    "open": True,
    "tags": ["a", "b", None],
    "nothing": None,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("issue.key", "SHOP-7"),
        ("issue.fields.components.0.name", "checkout"),
        ("issue.fields.components.-1.name", "search"),
        ("issue.fields.votes", "3"),
        (r"k8s\.io/name", "till"),
        ("open", "true"),
        ("tags", "a, b"),
        ("=checkout", "checkout"),
    ],
)
def test_a_path_leads_to_its_value(path: str, value: str) -> None:
    assert value_at(BODY, path) == value


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("issue.fields.component.name", "issue.fields has no key component"),
        ("issue.fields.components.2.name", "issue.fields.components has no item 2"),
        ("issue.key.name", "issue.key is a plain value"),
        ("summary", "the body has no key summary"),
        ("nothing", "`nothing` is empty"),
    ],
)
def test_a_path_that_leads_nowhere_says_how_far_it_led(path: str, said: str) -> None:
    with pytest.raises(Missing, match=said) as no:
        value_at(BODY, path)
    assert (no.value.status, no.value.field) == (400, path)


def test_an_object_is_no_value() -> None:
    with pytest.raises(Refused, match="`issue` is an object: name the key in it that is meant"):
        value_at(BODY, "issue")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.text(),
)
def test_no_body_and_no_path_is_more_than_a_refusal(body: Any, path: str) -> None:
    with suppress(Refused):
        assert isinstance(value_at(body, path), str)
