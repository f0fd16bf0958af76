"""A vendor's OpenAPI document, put right by its errata: the judge of what we send and stand-ins answer.

For tests only. The documents belong to the vendors and stay outside the project; a stand-in that is
checked against them cannot drift into answering what the real service never would.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse  # plain records of a request, despite the name


class Contract:
    """One OpenAPI document, patched. `base` is the server address it names, such as "https://api.example.com"."""

    def __init__(self, document: Path, errata: Path, *, base: str, loose: bool = False) -> None:
        """`loose`: a document with faults of its own, which calls read-only what requests have to carry."""
        patches = json.loads(errata.read_text()).get(f"{document.parent.name}/{document.name}", [])
        written = patched(json.loads(document.read_text()), patches)
        config = Config(spec_validator_cls=None) if loose else None
        self._api = OpenAPI.from_dict(written, config=config)
        self._asked = OpenAPI.from_dict(_writable(written), config=config) if loose else self._api
        self._base = base

    def faults_of_request(
        self,
        method: str,
        path: str,
        body: bytes,
        content_type: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, list[str]] | None = None,
    ) -> list[str]:
        """Everything wrong with a request, in words; empty if it keeps the contract."""
        more: dict[str, Any] = {"headers": dict(headers or {}), "args": dict(query or {})}
        request = MockRequest(self._base, method, path, data=body, content_type=content_type, **more)
        return list(_words(self._asked.iter_request_errors(request)))

    def faults_of_answer(self, method: str, path: str, status: int, body: bytes) -> list[str]:
        """Everything wrong with an answer to such a request, in words."""
        request = self._request(method, path, b"{}", "application/json")
        answer = MockResponse(body, status_code=status, content_type="application/json")
        return list(_words(self._api.iter_response_errors(request, answer)))

    def _request(self, method: str, path: str, body: bytes, content_type: str) -> MockRequest:
        return MockRequest(self._base, method, path, data=body, content_type=content_type)


def _writable(part: Any) -> Any:
    """The same without any mark of being read-only."""
    match part:
        case dict():
            return {key: _writable(value) for key, value in part.items() if key != "readOnly"}
        case list():
            return [_writable(value) for value in part]
        case _:
            return part


def patched(document: Any, patches: Iterable[dict[str, Any]]) -> Any:
    """Return the document after JSON Patch `add`, `replace` and `remove` (RFC 6902)."""
    document = copy.deepcopy(document)
    for patch in patches:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in patch["path"].split("/")[1:]]
        place = document
        for part in way:
            place = place[int(part) if isinstance(place, list) else part]
        key = int(last) if isinstance(place, list) and last != "-" else last
        match patch["op"], place:
            case "add", list():
                place.insert(len(place) if key == "-" else key, patch["value"])
            case "remove", _:
                del place[key]
            case ("add", dict()) | ("replace", _):
                place[key] = patch["value"]
            case operation, _:
                raise NotImplementedError(f"JSON Patch {operation} is not among what our errata use")
    return document


def _words(errors: Iterable[Exception]) -> Iterator[str]:
    for error in errors:
        schema_errors = getattr(error.__cause__, "schema_errors", None)
        if schema_errors:
            yield from map(_fault, schema_errors)
        else:
            yield f"{type(error).__name__}: {error}"


def _fault(error: Any) -> str:
    """Say what one jsonschema error found, and where in the body."""
    choices = " or ".join(one.message[:200] for one in error.context or ())  # what each branch of anyOf misses
    place = ".".join(map(str, error.path)) or "body"
    return f"{place}: {choices or error.message[:200]}"
