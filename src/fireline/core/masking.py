"""Masking while it streams: an output of any length becomes one without secrets, a window of it in memory at a time.

What is given out ends before anything that may go on: a secret whose first half has come is waited for, and every
window is read together with what stood before it, so that a name on one line still hides the value on the next.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable

from fireline.core.redaction import LONGEST, MASK, names_secret, spans

STEP = 128 * 1024  # characters masked at once; twice `LONGEST` is read again each time, an eighth of the work


class Masking:
    """Takes bytes as they come, gives back masked text as UTF-8. Secrets longer than a window are masked in parts."""

    def __init__(self, known: Iterable[str] = (), *, step: int = STEP, margin: int = LONGEST) -> None:
        """`known` are secrets the house handed out itself; a secret across `margin` characters is still seen whole."""
        self._known = tuple(known)
        self._step, self._margin = step, margin
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""  # context that is given out already, then what is not
        self._done = 0  # characters of context
        self._secret_kind = False  # a Kubernetes Secret was named: what is `data:` from here on is hidden
        self._inside = False  # the last piece ended inside a secret: its rest is no new one
        self.masked = 0  # secrets so far

    def take(self, data: bytes) -> bytes:
        """Masked text that is certain by now; often none."""
        self._text += self._decoder.decode(data)
        out = []
        while len(self._text) - self._done >= self._step + self._margin:
            out.append(self._give(self._cut()))
        return b"".join(out)

    def end(self) -> bytes:
        """The rest."""
        self._text += self._decoder.decode(b"", final=True)
        return self._give(len(self._text))

    def _cut(self) -> int:
        """Up to where text may be given out: behind the last whole line that leaves a margin, else right there."""
        high = len(self._text) - self._margin
        return self._text.rfind("\n", self._done, high) + 1 or high

    def _give(self, cut: int) -> bytes:
        text, done = self._text, self._done
        self._secret_kind = self._secret_kind or names_secret(text)
        found = spans(text, self._known, secret_kind=self._secret_kind)
        for start, end in found:
            if done < start < cut < end:
                cut = start
        parts, at = [], done
        inside = False
        for start, end in found:
            if end <= done or start >= cut:
                continue
            if start >= done or not self._inside:
                parts += [text[at : max(start, at)], MASK]
                self.masked += 1
            inside = end > cut
            at = min(end, cut)
        parts.append(text[at:cut])
        self._inside = inside
        low = max(cut - self._margin, 0)
        low = text.rfind("\n", 0, low) + 1 if text.rfind("\n", max(low - self._margin, 0), low) >= 0 else low
        self._text, self._done = text[low:], cut - low
        raw = "".join(parts).encode("utf-8", "surrogateescape")
        # PostgreSQL takes no NUL in the words that are cut out of this
        return raw.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}").encode()
