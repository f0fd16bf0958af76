"""`redis-cli`: which Redis is asked what, what its answer looks like, and how Redis is from its own INFO.

Only commands of which Redis itself says that they read are understood, and of those the ones that incidents ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fireline.core.question import flags

SWITCHES = frozenset({"--no-auth-warning", "--raw", "-2", "-e"})
VALUED = frozenset({"-h", "-p", "-n", "-a", "--pass", "--user", "-u"})
LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})  # hosts that mean "in this pod"
PORT = 6379
READS = frozenset(
    """PING INFO DBSIZE TIME LASTSAVE ROLE GET EXISTS TTL PTTL TYPE STRLEN LLEN SCARD HLEN ZCARD XLEN
    CONFIG-GET SLOWLOG-GET SLOWLOG-LEN CLIENT-LIST MEMORY-STATS MEMORY-USAGE MEMORY-DOCTOR LATENCY-LATEST
    LATENCY-HISTORY LATENCY-DOCTOR CLUSTER-INFO CLUSTER-NODES COMMAND-COUNT ACL-WHOAMI""".split()  # noqa: SIM905
)
# Printed as they come, without a line end of redis-cli's own (redis-cli.c, cliSendCommand: output_raw).
RAW = frozenset({"INFO", "CLIENT-LIST", "MEMORY-DOCTOR", "LATENCY-DOCTOR", "CLUSTER-INFO", "CLUSTER-NODES"})
NEARLY = 0.9  # of the memory or of the clients in use is said

# https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors: the word an error begins with.
ERRORS = {
    "NOAUTH": "Redis at {} wants a password, and the read lane has none for it (REDISCLI_AUTH).",
    "WRONGPASS": "Redis at {} does not take the read lane's password.",
    "NOPERM": "Redis at {} does not let the read lane's user ask this (ACL).",
    "LOADING": "Redis at {} has just started and is still loading its data: it answers when that is done.",
    "BUSY": "Redis at {} is busy with a script that does not end, and answers nobody else (SCRIPT KILL ends it).",
    "MASTERDOWN": "Redis at {} is a replica without its master, and does not serve what may be out of date.",
    "OOM": "Redis at {} is out of memory: it refuses commands that need more (OOM).",
    "READONLY": "Redis at {} is a replica: it takes no writes (READONLY).",
    "MISCONF": "Redis at {} takes no writes, because its last snapshot could not be saved (MISCONF).",
    "CLUSTERDOWN": "The cluster of Redis at {} is down: some of its slots have no master.",
    "max number of clients reached": "Redis at {} takes no more clients: maxclients is reached.",
}
Reply = bytes | int | None | list["Reply"] | Exception


@dataclass(frozen=True, slots=True)
class RedisCli:
    """One command for one Redis. `url` names the server where one is given, and beats host and port."""

    command: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = PORT
    database: int = 0
    user: str = ""
    password: str = ""
    url: str = ""
    strict: bool = False  # -e: an error is an exit code

    @property
    def name(self) -> str:
        """The command with its sub-command, as in `READS`."""
        first = self.command[0].upper()
        return first if first in READS or len(self.command) == 1 else f"{first}-{self.command[1].upper()}"


def understand(argv: Sequence[str], environment: Mapping[str, str]) -> RedisCli | None:
    """The question that `redis-cli …` asks; None when it is more than one command that only reads."""
    # redis-cli's flags come before its command, and none of them may be run together
    if any(word.startswith("-") and word not in SWITCHES | VALUED for word in _before(argv[1:])):
        return None
    read = flags(argv[1:], switches=SWITCHES, valued=VALUED, words_end=True)
    if read is None or not read.words:
        return None
    port, database, url = read.last("-p") or str(PORT), read.last("-n") or "0", read.last("-u") or ""
    if not (port.isdecimal() and database.isdecimal()) or (url and not url.startswith("redis://")):
        return None
    question = RedisCli(
        command=read.words,
        host=read.last("-h") or "127.0.0.1",
        port=int(port),
        database=int(database),
        user=read.last("--user") or "",
        password=read.last("-a", "--pass") or environment.get("REDISCLI_AUTH", ""),
        url=url,
        strict=read.has("-e"),
    )
    return question if question.name in READS else None


def directly(question: RedisCli, url: str) -> RedisCli | None:
    """The same question asked at `url` instead of from within the pod. None when it is about another server."""
    if question.url or question.host not in LOCAL or question.port != PORT:
        return None
    return replace(question, url=url, user="", password="")


def printed(question: RedisCli, reply: Reply) -> str:
    """The reply as redis-cli prints it where no terminal is."""
    return _raw(reply) + ("" if question.name in RAW else "\n")


def said(error: Exception) -> str:
    """An error in Redis' own words, its first word included, which redis-py takes away."""
    code = getattr(error, "status_code", None)
    return f"{code} {error}" if code else str(error)


def meaning(error: Exception, at: str) -> tuple[str, ...]:
    """What an error of Redis means to a responder; empty for a mistake in the command."""
    words = said(error).removeprefix("ERR ")
    return next(((sentence.format(at),) for start, sentence in ERRORS.items() if words.startswith(start)), ())


def findings(info: str, at: str) -> tuple[str, ...]:
    """How Redis is, from the text of its INFO: alive, as what, with how much memory, and what it refuses."""
    facts = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)

    def number(name: str) -> int:
        text = facts.get(name, "0")
        return int(text) if text.lstrip("-").isdecimal() else 0

    replica = facts.get("role") == "slave"
    role = "replica" if replica else f"master with {number('connected_slaves')} replicas"
    told = [f"Redis {facts.get('redis_version', '')} at {at} answers, as {role}."]
    used, most, policy = number("used_memory"), number("maxmemory"), facts.get("maxmemory_policy", "")
    if not most:
        told.append(f"Memory: {mebi(used)} used, without a limit of its own (maxmemory 0).")
    elif used >= most and policy == "noeviction":
        refused = facts.get("errorstat_OOM", "").removeprefix("count=")
        times = f", {refused} so far" if refused else ""
        told.insert(
            0, f"Out of memory: {mebi(used)} of {mebi(most)} used, and noeviction: writes are refused (OOM{times})."
        )
    else:
        nearly = " Nearly full: soon writes are refused." if used >= NEARLY * most and policy == "noeviction" else ""
        told.append(f"Memory: {mebi(used)} of {mebi(most)} used ({used / most:.0%}), {policy}.{nearly}")
    if evicted := number("evicted_keys"):
        told.append(f"{evicted} keys were evicted to make room since it started.")
    if replica:
        down = facts.get("master_link_status") != "up"
        link = f"the link is down for {number('master_link_down_since_seconds')} s" if down else "the link is up"
        master = f"{facts.get('master_host', '')}:{facts.get('master_port', '')}"
        writes = "it takes no writes (READONLY)" if facts.get("slave_read_only") == "1" else "it takes writes"
        told.insert(0, f"This is a replica of {master}, {link}: {writes}.")
    if facts.get("loading") == "1":
        told.insert(0, "It is still loading its data.")
    if facts.get("rdb_last_bgsave_status") == "err":
        told.append("Its last snapshot could not be saved: by default it then takes no writes (MISCONF).")
    clients, places = number("connected_clients"), number("maxclients")
    if rejected := number("rejected_connections"):
        told.append(f"{rejected} connections were turned away since it started: maxclients is {places}.")
    elif places and clients >= NEARLY * places:
        told.append(f"{clients} of {places} clients connected.")
    return tuple(told)


def mebi(count: int) -> str:
    """Bytes as people say them."""
    if count < 1 << 20:
        return f"{count / (1 << 10):.0f} KiB"
    return f"{count / (1 << 20):.0f} MiB" if count < 10 << 30 else f"{count / (1 << 30):.1f} GiB"


def _before(args: Sequence[str]) -> list[str]:
    """The words up to the command, the values of flags left out."""
    found, rest = [], list(args)
    while rest and rest[0].startswith("-"):
        found.append(rest.pop(0))
        if found[-1] in VALUED and rest:
            rest.pop(0)
    return found


def _raw(reply: Reply) -> str:
    """redis-cli.c, cliFormatReplyRaw."""
    match reply:
        case bytes():
            return reply.decode(errors="replace")
        case None:
            return ""
        case list():
            return "\n".join(map(_raw, reply))
        case Exception():
            return f"{said(reply)}\n"
        case _:
            return str(reply)
