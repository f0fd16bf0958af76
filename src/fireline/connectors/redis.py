"""Redis looked at: refused, hanging, out of memory, a replica, and a wrong password told apart.

https://redis.io/docs/latest/develop/reference/protocol-spec/. Answers are read as they come over the wire (RESP2),
because people know them as redis-cli prints them.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from fireline.core.question import Answer, Unusable
from fireline.core.question import redis_cli as words
from fireline.core.question.redis_cli import RedisCli, Reply

MOST = 4  # connections to one Redis at once
TARGETS = 32  # Redis servers with connections kept open
PATIENCE = 3.0  # seconds; Redis answers within one or has a trouble that should be told


class Redis:
    """Answers `redis-cli` over connections that stay open. `patience` in seconds; after it Redis counts as hanging."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._pools: dict[RedisCli, Any] = {}  # redis-py leaves what a pool does untyped
        self._lock = threading.Lock()

    def answer(self, question: RedisCli, seconds: float) -> Answer:
        """Ask, for at most `seconds` or our patience. Trouble is an Answer; `Unusable` where redis-cli has to ask."""
        import redis  # noqa: PLC0415  # see `_pool`

        pool = self._pool(question, min(self._patience, seconds))
        at = _at(pool)
        ran = f"asked Redis at {at} over a connection kept open"
        try:
            connection = pool.get_connection()
        except redis.AuthenticationError as no:
            if "without any password" in str(no):  # redis-cli says so and goes on without
                raise Unusable(words.said(no)) from no
            told = f"AUTH failed: {words.said(no)}\nNOAUTH Authentication required.\n"
            return Answer(told, int(question.strict), ran, words.meaning(no, at))
        except redis.ResponseError as no:
            raise Unusable(words.said(no)) from no
        except redis.TimeoutError as trouble:
            return Answer(_failed(at, "timed out"), 1, ran, (_silent(trouble, at),))
        except redis.ConnectionError as trouble:
            said = _greeting(pool) if "not ready" in str(trouble) else trouble
            return Answer(_failed(at, _cause(said)), 1, ran, words.meaning(said, at) or (_closed(said, at),))
        try:
            reply = _ask(connection, *question.command)
            if isinstance(reply, redis.RedisError):
                return Answer(words.printed(question, reply), int(question.strict), ran, words.meaning(reply, at))
            info = reply if question.name == "INFO" and len(question.command) == 1 else _ask(connection, "INFO")
            found = words.findings(info.decode(errors="replace"), at) if isinstance(info, bytes) else ()
            return Answer(words.printed(question, reply), 0, ran, found)
        except redis.TimeoutError:
            hangs = f"Redis at {at} takes the connection and does not answer for {self._patience:g} s: it hangs."
            return Answer(_failed(at, "no answer"), 1, ran, (hangs,))
        except redis.ConnectionError as trouble:
            found = words.meaning(trouble, at) or (_closed(trouble, at),)
            return Answer(_failed(at, "the connection was lost"), 1, ran, found)
        finally:
            pool.release(connection)

    def close(self) -> None:
        """Give back every connection."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.disconnect()

    def _pool(self, question: RedisCli, patience: float) -> Any:
        import redis  # noqa: PLC0415  # imported with the first question: a house that asks none stays small
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        same = replace(question, command=())
        with self._lock:
            if pool := self._pools.get(same):
                return pool
            if len(self._pools) >= TARGETS:
                raise Unusable("There are connections with too many Redis servers already.")
            how: dict[str, Any] = {
                "max_connections": MOST,
                "timeout": patience,  # for a connection that somebody else uses
                "socket_timeout": patience,
                "socket_connect_timeout": patience,
                "retry": Retry(NoBackoff(), 0),  # a trouble is told, not tried away
                "protocol": 2,
                "driver_info": None,
            }
            pools: Any = redis.BlockingConnectionPool
            if question.url:
                try:
                    pool = pools.from_url(question.url, **how)
                except (redis.RedisError, ValueError) as trouble:
                    raise Unusable(f"No address of a Redis: {trouble}") from trouble
            else:
                pool = pools(
                    host=question.host,
                    port=question.port,
                    db=question.database,
                    username=question.user or None,
                    password=question.password or None,
                    **how,
                )
            return self._pools.setdefault(same, pool)


def _ask(connection: Any, *command: str) -> Reply:
    """Redis' reply as it came; its error instead of raising it."""
    import redis  # noqa: PLC0415  # see `_pool`

    connection.send_command(*command)
    try:
        return connection.read_response(disable_decoding=True)  # type: ignore[no-any-return]
    except (redis.ResponseError, redis.AuthenticationError) as no:
        return no


def _greeting(pool: Any) -> Exception:
    """What a Redis says before it was asked anything: why it will not have us, such as too many clients."""
    import redis  # noqa: PLC0415  # see `_pool`

    connection = pool.make_connection()
    try:
        connection.connect()
        connection.read_response()
    except redis.RedisError as said:
        return said
    finally:
        connection.disconnect()
    return redis.ConnectionError("Connection not ready.")


def _at(pool: Any) -> str:
    kept = pool.connection_kwargs
    return f"{kept.get('host', 'localhost')}:{kept.get('port', words.PORT)}"


def _cause(trouble: Exception) -> str:
    """The system's own words out of redis-py's: "Error 111 connecting to 127.0.0.1:1. Connection refused."."""
    return str(trouble).rstrip(".").rpartition(". ")[2]


def _failed(at: str, why: str) -> str:
    return f"Could not connect to Redis at {at}: {why}\n"


def _closed(trouble: Exception, at: str) -> str:
    why = str(trouble)
    if "refused" in why:
        return f"Nothing listens at {at}: Redis is not running there."
    if "not known" in why or "resolution" in why:
        return f"The host of {at} is a name that does not resolve."
    if "o route" in why or "unreachable" in why:
        return f"{at} cannot be reached over the network."
    return f"Redis at {at} closed the connection: {_cause(trouble)}."


def _silent(trouble: Exception, at: str) -> str:
    if "connecting" in str(trouble):
        return f"{at} cannot be reached: what is sent there gets no answer at all (a firewall, or the machine is down)."
    return f"Redis at {at} takes the connection and does not answer: it hangs."
