"""PostgreSQL looked at: who holds its connections, what is slow, and an answer when no connection is left.

Questions go out over sessions that cannot write, one of which is kept for when no other is to be had.
"""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fireline.connectors.postgres.sessions import (
    GRACE_SECONDS,
    MOST,
    HangsError,
    LostError,
    NoSessionError,
    Rows,
    Sessions,
    ask,
)
from fireline.connectors.postgres.where import Target, at, no_psqlrc, target_of
from fireline.core.question import Answer, Unusable, activity, slots, workload
from fireline.core.question.psql import Psql, masked
from fireline.core.question.table import table

if TYPE_CHECKING:  # psycopg is imported with the first question: a house that asks none stays small
    from psycopg import Connection

SLOW_SECONDS = 60.0  # a statement that runs longer is told of: what runbooks look for
LITERAL = frozenset({"query", "left", "substr", "substring"})  # columns that show somebody's SQL

# Why there is no session, by libpq's and the server's words, and what it means.
DOWN = (
    (r"Connection refused", "Nothing listens at {}: PostgreSQL is not running there."),
    (r"could not translate host name|resolve host|not known", "The host of {} is a name that does not resolve."),
    (r"No such file or directory", "No PostgreSQL has a socket on this machine: does the read lane name a PGHOST?"),
    (r"the database system is (starting up|shutting down|in recovery mode)", "PostgreSQL at {} is up, but {}."),
    (r"No route to host|timed out|Network is unreachable", "{} cannot be reached over the network."),
    (r'database "[^"]*" does not exist', "PostgreSQL at {} is up, but has no such database."),
)  # fmt: skip


class Postgres:
    """Answers `psql -c` out of warm sessions.

    With each address of `kept` one session is held ready from the start (see `tend`). A statement is ended by the
    server after `seconds`; one that runs for over `slow_seconds` is told of in a finding.
    """

    def __init__(
        self, kept: tuple[str, ...] = (), *, seconds: float = 30.0, slow_seconds: float = SLOW_SECONDS
    ) -> None:
        self._kept = kept
        self._slow = slow_seconds
        self._sessions = Sessions(seconds)

    def answer(self, question: Psql, seconds: float) -> Answer:
        """Ask, for about `seconds` at most. Refused, hanging, full are Answers; `Unusable` where psql has to ask."""
        if not question.plain:
            no_psqlrc(question.home)
        target = target_of(question)
        until = time.monotonic() + seconds + GRACE_SECONDS
        place = at(target)
        ran = f"asked {place} as {dict(target)['user']}, in a session that cannot write"
        try:
            output, code, findings = self._ask_again(target, question, until)
        except NoSessionError as trouble:
            return Answer(f"psql: error: {trouble}\n", 2, ran, slots.full(str(trouble)) or _down(str(trouble), place))
        except HangsError:
            hangs = f"PostgreSQL at {place} did not answer in time: it hangs, or the network drops what is sent to it."
            return Answer(f"psql: error: no answer from {place} in time\n", 2, ran, (hangs,))
        return Answer(output, code, ran, findings)

    def tend(self) -> None:
        """Hold a session with each kept address, and give back those at rest for long. To be called now and then."""
        held = []
        for url in self._kept:
            with suppress(Unusable):  # the next question says what is wrong
                held.append(target_of(Psql(texts=(), dsn=url, plain=True)))
        self._sessions.tend(tuple(held))

    def close(self) -> None:
        """Give back every session."""
        self._sessions.close()

    def _ask_again(self, target: Target, question: Psql, until: float) -> tuple[str, int, tuple[str, ...]]:
        """Ask, once more where a resting session turns out to be broken: what only reads may be asked twice."""
        for _ in range(MOST):
            with suppress(LostError), self._sessions.take(target, until) as session:
                output, code, states = _put(session, question, until)
                return output, code, self._findings(session, question, states, until)
        raise NoSessionError("the connection to the server was lost")

    def _findings(self, session: Connection[Any], question: Psql, states: set[str], until: float) -> tuple[str, ...]:
        said: tuple[str, ...] = ()
        if question.activity:
            sets = ask(session, activity.LIMITS, until)
            if not any(one.error for one in sets):
                first, named, rows = (one.rows for one in sets)
                found = activity.sessions(rows)
                said += activity.connections(found, activity.limits(first, named)) + activity.slow(found, self._slow)
        for state in ask(session, workload.STATE, until)[0].rows if question.workload else ():
            said += workload.missing(state)
            said += workload.renamed(state) if workload.UNDEFINED_COLUMN in states else ()
            if state[1] and not workload.missing(state):
                said += workload.most(ask(session, workload.top(state[1], int(state[4] or 0)), until)[0].rows)
        return said


def _put(session: Connection[Any], question: Psql, until: float) -> tuple[str, int, set[str]]:
    """The texts one after another as psql does it: its output, its exit code, the SQLSTATEs of what went wrong."""
    output, code, states = "", 0, set[str]()
    for text in question.texts:
        code = 0
        for one in ask(session, text, until):
            if one.error:
                output, code = output + one.error, 1
                states.add(one.state)
            else:
                output += table(one.names, one.types, _shown(one) if question.activity else one.rows, question.layout)
        if code and question.stop:
            break
    return output, code, states


def _shown(one: Rows) -> list[list[str | None]]:
    """The rows with the literals of other people's SQL taken out."""
    hidden = {n for n, name in enumerate(one.names) if name in LITERAL}
    return [[masked(value) if n in hidden and value else value for n, value in enumerate(row)] for row in one.rows]


def _down(words: str, place: str) -> tuple[str, ...]:
    for pattern, sentence in DOWN:
        if found := re.search(pattern, words):
            return (sentence.format(place, *found.groups()),)
    return ()
