"""A caller of the API that believes nothing: every answer is held against the API's own document."""

from __future__ import annotations

import re
from typing import Any

from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient
from openapi_schema_validator import OAS31Validator

DOCUMENT: dict[str, Any] = {}  # the same for every house, and slow to write


class Caller:
    """Asks as one person, and checks status, media type and body of each answer against the document."""

    def __init__(self, application: Litestar, token: str | None) -> None:
        self.client = TestClient(application)
        if not DOCUMENT:
            DOCUMENT.update(self.client.get("/api/docs/openapi.json").json())
        self.document = DOCUMENT
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **more: Any) -> Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Response:
        return self.ask("POST", path, json=body, **more)

    def ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> Response:
        answer = self.client.request(method, path, headers={**self._headers, **(headers or {})}, **more)
        self.check(method, path, answer)
        return answer

    def check(self, method: str, path: str, answer: Response) -> None:
        """Raise when the document does not foresee this answer."""
        template = self.template(path.partition("?")[0])
        responses = self.document["paths"][template][method.lower()]["responses"]
        assert str(answer.status_code) in responses, f"{method} {template} answered {answer.status_code}: {answer.text}"
        content = responses[str(answer.status_code)]["content"]
        media = answer.headers["content-type"].partition(";")[0]
        assert media in content, f"{method} {template} answered {media}"
        if media == "application/json":
            where = [
                "paths",
                template,
                method.lower(),
                "responses",
                str(answer.status_code),
                "content",
                media,
                "schema",
            ]
            pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in where)
            OAS31Validator({**self.document, "$ref": f"#/{pointer}"}).validate(answer.json())

    def template(self, path: str) -> str:
        """The document's path for a concrete one."""
        for one in self.document["paths"]:
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one), path):
                return str(one)
        raise AssertionError(f"the document has no {path}")
