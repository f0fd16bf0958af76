"""Whatever the API's document allows, and much that it does not, is answered in words: never with a 500."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from fireline.app import served
from fireline.clock import now
from fireline.house import House

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
FEW = settings(
    max_examples=12, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)  # fmt: skip


# threads of the house draw random numbers while hypothesis draws its own
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
def test_no_route_of_the_document_breaks_whatever_it_is_asked(house: House) -> None:
    application: Any = served(house)
    tokens = {"api": house.accounts.token("ana", "api", now()), "hooks": house.accounts.token("ana", "hooks", now())}
    found = schemathesis.openapi.from_asgi("/api/docs/openapi.json", application).get_all_operations()
    broken = [trouble for one in found if (trouble := breaks(one, tokens))]
    assert not broken, "\n\n".join(broken)


def breaks(found: Any, tokens: dict[str, str]) -> str | None:
    """How this route breaks its document; None when it keeps it."""
    operation = found.ok()
    scope = "api" if operation.path.startswith("/api/v1") else "hooks"

    @FEW
    @given(case=operation.as_strategy())
    def keeps(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {tokens[scope]}"}, checks=CHECKS)

    try:
        keeps()
    except FailureGroup as trouble:
        return f"{operation.label}: {[str(one) for one in trouble.exceptions]}"
    return None
