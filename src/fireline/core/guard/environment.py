"""Variables that change what a program does: PATH, PAGER, LD_PRELOAD and their kin."""

from __future__ import annotations

import re

from fireline.core.guard import table
from fireline.core.guard.scope import Scope
from fireline.core.guard.verdict import Effect


def variable(name: str, scope: Scope, *, given: bool) -> None:
    """Judge setting the variable `name`; `given` says that it is handed to one program.

    Only names that are known not to change what runs may be handed to a program.
    """
    known = table.facts("environment")
    if any(re.fullmatch(shape, name) for shape in known["changes_what_runs"]):
        scope.unknown(f"shell.variable:{name}", f"{name} can change which program runs.")
    elif given and not any(re.fullmatch(shape, name) for shape in known["harmless"]):
        scope.unknown(f"shell.variable:{name}", f"No table says that {name} is harmless to the program.")
    else:
        scope.add(Effect.READ, "shell.variable", "It only sets a variable.")
