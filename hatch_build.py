"""Take htmx out of the wheel that carries it, when fireline's own wheel is built.

The pages need htmx.js. Nobody else's file is kept in git, and no address is downloaded from: the
build requires `django-htmx`, which brings htmx as a file. Only that file is used, its hash is
checked, and django-htmx is not there when fireline runs.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import files
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED_AS = "django_htmx/static/django_htmx/htmx-4.min.js"  # in django-htmx 1.29.0
SHA256 = "28fae7bbe8e8142b702debb9d5234a9a436d9435a4b5165b195aa1a7ed840d25"
WANTED_AT = "src/fireline/web/static/vendor/htmx.js"  # git-ignored; named under `artifacts` for the wheel


class TakeHtmx(BuildHookInterface[Any]):
    """Runs before each wheel, the editable one included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Copy htmx to where the pages are served from."""
        script = htmx()
        wanted = Path(self.root) / WANTED_AT
        wanted.parent.mkdir(parents=True, exist_ok=True)
        wanted.write_bytes(script)


def htmx() -> bytes:
    """The script as django-htmx carries it, or an end to the build that says what to look at."""
    for file in files("django-htmx") or ():
        if file.as_posix() == CARRIED_AS:
            script = file.read_binary()
            if (found := hashlib.sha256(script).hexdigest()) != SHA256:
                raise SystemExit(f"{CARRIED_AS} has sha256 {found}. Read what changed, then pin it in {__file__}.")
            return script
    raise SystemExit(f"django-htmx does not carry {CARRIED_AS}. Is it the version that pyproject.toml pins?")
