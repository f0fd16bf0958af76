"""The rule: the API's document is valid, whole, and says what each route answers."""

from __future__ import annotations

from openapi_spec_validator import validate

from api.caller import Caller

VERBS = {"get", "post", "put", "patch", "delete"}


def test_the_document_is_valid_openapi(nobody: Caller) -> None:
    validate(nobody.document)


def test_every_route_of_the_api_says_its_words_and_its_noes(nobody: Caller) -> None:
    for path, verbs in nobody.document["paths"].items():
        if not path.startswith("/api/v1/"):
            continue
        for verb, operation in verbs.items():
            assert verb in VERBS
            assert operation["description"].endswith("."), path
            assert {"400", "401", "500", "503"} <= set(operation["responses"]), path
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    schema = response["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}, (path, status)


def test_every_deed_takes_a_key_so_that_it_can_be_sent_again(nobody: Caller) -> None:
    for path, verbs in nobody.document["paths"].items():
        if path.startswith("/api/v1/runner/"):  # a program's own words: its run names what it tells
            continue
        if path.startswith("/api/v1/") and "post" in verbs:
            names = {one["name"] for one in verbs["post"].get("parameters", ())}
            assert "Idempotency-Key" in names, path
