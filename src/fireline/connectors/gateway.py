"""Gateway: somebody's own service that calls or texts people, asked by a webhook that the settings describe.

Voice and SMS providers each have an API of their own and all of them take one HTTP request. What it says stands in
the settings, with blanks such as {phone} that are filled for each person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fireline.connectors.http import Http

BLANK = re.compile(r"\{([a-z]+)\}")


class Gateway:
    """One webhook. Blanks may stand in the path of `url` and in every text of `body`; unknown ones stay as they are."""

    def __init__(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None, *, http: Http | None = None
    ) -> None:
        self._url = url
        self._body = body
        self._headers = dict(headers or {})
        self._http = http or Http()

    def ring(self, values: Mapping[str, str], *, key: str) -> str:
        """Ask it to reach somebody. `key` goes along as `Idempotency-Key`. Its own id of the call, if it names one.

        Raises Temporary or Permanent.
        """
        url = fill(self._url, {name: quote(value, safe="") for name, value in values.items()})
        answer = self._http.post(url, fill(self._body, values), headers={**self._headers, "Idempotency-Key": key})
        return str((answer or {}).get("id") or (answer or {}).get("sid") or "")


def fill(template: Any, values: Mapping[str, str]) -> Any:
    """Fill the blanks of a text, or of every text inside lists and tables."""
    match template:
        case str():
            return BLANK.sub(lambda blank: values.get(blank[1], blank[0]), template)
        case Mapping():
            return {name: fill(value, values) for name, value in template.items()}
        case list() | tuple():
            return [fill(value, values) for value in template]
        case _:
            return template
