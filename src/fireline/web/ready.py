"""Ready: commands that a page offers beside a plan, because its own commands show how to reach what they are about."""

from __future__ import annotations

from fireline.core.change import argv
from fireline.core.change.sessions import Ready, psql
from fireline.core.change.sessions import ready as about_sessions
from fireline.core.plan import Plan
from fireline.shell import parse


def sessions(plan: Plan) -> tuple[Ready, ...]:
    """About database sessions, where the diagnosis looks at them: list, cancel, end; the idle ones, too."""
    looks = (one.text for one in plan.diagnosis if "pg_stat_activity" in one.text and not one.placeholders)
    taken = (psql(words) for look in looks if (words := argv(look, parse)))
    return next((about_sessions(one) for one in taken if one), ())
