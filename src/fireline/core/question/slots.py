"""Connection slots: PostgreSQL's own words for "no connection is free", and what they say to a responder.

Whoever asks a full server is turned away with one of these, so being turned away is the finding. The texts are
those of `InitPostgres` and `InitProcess` (src/backend/utils/init/postinit.c, src/backend/storage/lmgr/proc.c); the
second had its wording changed in PostgreSQL 16.
"""

from __future__ import annotations

import re

# In this order: a full server says the first to everybody, the second while superusers still get in.
FULL = (
    (
        re.compile(r"FATAL: +sorry, too many clients already"),
        "PostgreSQL has no free connection: every slot is taken, those reserved for superusers too.",
    ),
    (
        re.compile(r"FATAL: +remaining connection slots are reserved for"),
        "PostgreSQL has no free connection: only the slots reserved for superusers are left.",
    ),
    (
        re.compile(r"FATAL: +too many connections for role (\"[^\"\n]{1,63}\")"),
        "The role {} has no free connection: it has used up its own limit (CONNECTION LIMIT).",
    ),
    (
        re.compile(r"FATAL: +too many connections for database (\"[^\"\n]{1,63}\")"),
        "The database {} has no free connection: it has used up its own limit (CONNECTION LIMIT).",
    ),
)


def full(text: str) -> tuple[str, ...]:
    """What it means when a program was turned away for want of a connection; empty when it was not."""
    found = [(pattern.search(text), sentence) for pattern, sentence in FULL]
    return tuple(sentence.format(*match.groups()) for match, sentence in found if match)
