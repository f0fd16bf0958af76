"""The command line: one file a noun, loaded when its noun is named, so that help and `declare` start at once."""

from __future__ import annotations

import gc
import os
import secrets
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from inspect import cleandoc

from cyclopts import App, Group

import fireline
from fireline.core.refusal import Refused

USAGE = 2  # the exit status of a command line that says something else than the help does
DEBUG = "FIRELINE_DEBUG"
GARBAGE = 20_000  # new objects until Python looks for circles among them; an alert makes about five

HELP = """The incident runbook your team already has, run from the first alert to the post-mortem.

Start with `fireline doctor` and `fireline serve`; in an emergency `fireline declare WHAT IS WRONG`.
Settings: `fireline.toml` in this folder, or the file in `$FIRELINE_CONFIG`. What talks to a running
fireline uses `$FIRELINE_URL` and `$FIRELINE_TOKEN`.
"""
INCIDENT = Group("In an incident", sort_key=1)
HOUSE = Group("The house", sort_key=2)
RUNBOOKS = Group("Runbooks and commands", sort_key=3)

# word, where it lives, its help (the first line stands in the list above it), its group
COMMANDS: tuple[tuple[str, str, str, Group], ...] = (
    (
        "declare", "declare:declare",
        """Say that something is wrong. Works without a server, too.

        It goes through the running fireline when `$FIRELINE_TOKEN` is set and it answers; else straight into
        the configured database, from where the next `fireline serve` pages people and runs the runbook.""",
        INCIDENT,
    ),
    ("incident", "incident:app", "Look at incidents and move them on.", INCIDENT),
    (
        "approve", "approval:approve",
        """Read a waiting command and say yes to it.

        The yes is for exactly the bytes that were shown, for one run, within 15 minutes of the ask.""",
        INCIDENT,
    ),
    ("decline", "approval:decline", "Say no to a waiting command, and why.", INCIDENT),
    (
        "break-glass", "approval:break_glass",
        """Run a waiting command without a second yes.

        For when nobody else is there. Everybody sees it, and the review prints who and why.""",
        INCIDENT,
    ),
    ("hypothesis", "hypothesis:app", "What may be wrong: propose it, say what speaks for it, rule it out.", INCIDENT),
    ("investigate", "investigate:app", "What may be behind an incident, and where to look.", INCIDENT),
    ("palette", "palette:app", "The runbook's commands at hand: find one, fill it in, run it.", INCIDENT),
    ("on-call", "on_call:app", "Who is on call, and who takes whose turn.", INCIDENT),
    (
        "serve", "serve:serve",
        """Serve pages, API and hooks, and do the work, until Ctrl-C.

        The first start makes the first person and prints a link to sign in with.""",
        HOUSE,
    ),
    (
        "probe", "probe:probe",
        """Ask every health address at once, as `curl --fail` would.

        Those of the settings and of the runbooks, or of one runbook with `--runbook`. Status 1 when one is unwell.""",
        INCIDENT,
    ),
    (
        "red", "red:red",
        """List exactly what is red now: rules that fire, broken limits, health addresses that fail.

        Status 1 when anything is red or could not be asked.""",
        INCIDENT,
    ),
    ("doctor", "doctor:doctor", "Check that everything is ready for a bad night.", HOUSE),
    (
        "runner", "runner:runner",
        """Carry out commands inside a network that the server does not reach, until Ctrl-C.

        It reaches out to the server and needs no open port; `--config` names the runner's own settings file.""",
        HOUSE,
    ),
    ("people", "people:app", "Who may come in: add them, make sign-in links.", HOUSE),
    ("token", "token:app", "Tokens for programs: alert sources, scripts, this command line.", HOUSE),
    ("lease", "lease:app", "Tunnels that are open for a while.", INCIDENT),
    ("debt", "debt:app", "What is changed only for the time being: list it, own it, take it back.", INCIDENT),
    ("silence", "silence:app", "Alerts that wake nobody for a while.", HOUSE),
    ("customers", "customers:app", "Whom we may write to when something is wrong.", HOUSE),
    ("status", "status:app", "The public status page: as files, its history, planned maintenance.", HOUSE),
    ("audit", "audit:app", "Prove that no log was changed.", HOUSE),
    ("runbook", "runbook:app", "What fireline reads in a runbook, and what is wrong with it.", RUNBOOKS),
    ("rules", "rules:app", "Which alerts declare an incident by themselves; tried before it counts.", RUNBOOKS),
    ("guard", "guard:app", "What a command would do to the world.", RUNBOOKS),
    ("drill", "drill:app", "Break something real on purpose and practise.", RUNBOOKS),
)  # fmt: skip


def build() -> App:
    """The whole command line; nouns that are not there yet are left out."""
    app = App(
        name="fireline",
        help=HELP,
        help_format="markdown",
        version=fireline.__version__,
    )
    for word, place, text, group in COMMANDS:
        if find_spec(f"{__name__}.{place.partition(':')[0]}"):
            app.command(f"{__name__}.{place}", name=word, help=cleandoc(text), group=group)
    return app


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line and end the process: 0 done, 1 refused or failed, 2 wrong usage."""
    gc.set_threshold(GARBAGE, 20, 50)  # a start makes much and drops nothing
    try:
        answer = build()(words, exit_on_error=False, result_action="return_value")
    except Refused as no:
        say_no(no.sentence)
        status = 1
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except Exception as trouble:  # noqa: BLE001  # the last one to catch it: one line, and where to find more
        status = _trouble(trouble)
    else:
        status = answer if isinstance(answer, int) else 0
    sys.exit(status)


def say_no(sentence: str) -> None:
    """One red line on stderr."""
    red, plain = ("\x1b[31m", "\x1b[0m") if sys.stderr.isatty() and "NO_COLOR" not in os.environ else ("", "")
    print(f"{red}fireline: {' '.join(sentence.split())}{plain}", file=sys.stderr)


def _trouble(trouble: Exception) -> int:
    from cyclopts import CycloptsError

    if isinstance(trouble, CycloptsError):  # it has told what was wrong with the words
        return USAGE
    if os.environ.get(DEBUG):
        raise trouble
    kind = type(trouble).__name__
    say_no(f"A mistake in fireline ({kind}, reference {secrets.token_hex(4)}). {DEBUG}=1 shows the whole of it.")
    return 1
