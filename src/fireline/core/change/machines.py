"""Starting, stopping and restarting a service of one machine: systemctl, service, supervisorctl."""

from __future__ import annotations

import re
import shlex
from functools import partial

from fireline.core.change.model import UNSEEN, Change, Looked, Told, short

VERBS = {"restart", "stop", "start", "reload", "try-restart", "reload-or-restart"}
BACK = {"stop": "start", "start": "stop"}
# Restarting one of these ends every connection and may take minutes to recover: a last resort.
DATABASES = re.compile(r"postgres|mysql|mariadb|mongo|cassandra|cockroach|etcd|elasticsearch|clickhouse|oracle")


def understand(argv: tuple[str, ...]) -> Change | None:
    """What a command on one service is about; None for any other."""
    words = argv[1:] if argv[:1] == ("sudo",) else argv
    before = argv[: len(argv) - len(words)]
    match words:
        case ("systemctl" | "supervisorctl", *_, verb, name) if verb in VERBS and not name.startswith("-"):
            head, look, back = words[:-2], ("status", name), (BACK.get(verb, ""), name)
        case ("service", name, verb) if verb in VERBS:
            head, look, back = words[:1], (name, "status"), (name, BACK.get(verb, ""))
        case _:
            return None
    return Change(
        kind=f"{verb} service",
        object=f"service/{name.removesuffix('.service')}",
        does=f"{verb.capitalize()}s the service on the machine that runs it.".replace("Stops", "Ends"),
        looks={"now": shlex.join((*head, *look))},
        captures=("now",),
        tell=partial(_tell, verb, name, shlex.join((*before, *head, *back)) if verb in BACK else ""),
        last_resort=verb not in ("start", "reload") and bool(DATABASES.search(name)),
        place="this machine",
    )


def _tell(verb: str, name: str, undo: str, seen: Looked) -> Told:
    now = seen.get("now", UNSEEN)
    stops = verb not in ("start", "reload")
    blast = f"Every connection to {name} ends." if stops else ""
    blast += " It does not come back by itself." if verb == "stop" else ""
    undone = f"{BACK[verb].capitalize()} {name} again" if undo else f"A {verb} cannot be taken back."
    if now.code is None or not now.output.strip():
        return Told(trouble=f"Its state could not be read: {now.complaint}", blast=blast, undo=undo, undone=undone)
    return Told(preview=short("\n".join(now.output.splitlines()[:8])), blast=blast, undo=undo, undone=undone)
