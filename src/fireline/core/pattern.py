"""Patterns people write into rules and silences: RE2, the language of Prometheus's and Alertmanager's matchers.

A pattern is tried on every alert. RE2 takes time in proportion to the text, whatever the pattern; Python's own
engine can take centuries over `(a+)+b`, and one careless rule would hold up every alert.
"""

from __future__ import annotations

import re2

from fireline.core.refusal import Refused

LONGEST = 500  # characters
MEMORY = 1 << 20  # bytes for one compiled pattern, so that nobody fills the machine with (a{99}){99}

_options = re2.Options()
_options.log_errors = False  # the sentence goes to whoever wrote the pattern, not to stderr
_options.max_mem = MEMORY


class Pattern:
    """A regular expression that has to fit a whole text, as in Prometheus."""

    __slots__ = ("_compiled", "written")

    def __init__(self, written: str) -> None:
        """Raises `Refused(400)` saying what is wrong with it."""
        self.written = written
        if len(written) > LONGEST:
            raise Refused(f"A pattern has at most {LONGEST} characters.", status=400)
        try:
            self._compiled = re2.compile(written, _options)
        except (re2.error, UnicodeError) as trouble:
            why = trouble.args[0] if trouble.args else trouble
            said = why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)
            raise Refused(f"The pattern {written!r} is no RE2 regular expression ({said}).", status=400) from trouble

    def fits(self, text: str) -> bool:
        """The whole text is what the pattern says."""
        return self._compiled.fullmatch(text) is not None
