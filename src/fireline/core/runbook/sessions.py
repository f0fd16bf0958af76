"""Sessions: commands that a page means to be typed inside a shell which an earlier command opens.

`oc debug node/web-1`, then `chroot /host`, then `podman ps`: a person at a keyboard is on the node by then. fireline
runs each command by itself, on its own machine, so that the same words would look at, or change, the wrong one.
"""

from __future__ import annotations

import re

from fireline.core.runbook.model import Command

# What opens a shell and leaves one in it: nothing to run there is given.
OPENS = re.compile(
    r"^\s*(?:sudo\s+)?(?:"
    r"(?:kubectl|oc)\s(?:.*\s)?exec\s.*(?:--\s+)?(?:/bin/|/usr/bin/)?(?:ba|z|a|da)?sh\s*$"
    r"|(?:docker|podman|crictl)\s+exec\s.*\s(?:/bin/)?(?:ba|a)?sh\s*$"
    r"|oc\s(?:.*\s)?rsh\s+(?:-\S+\s+|-[nc]\s+\S+\s+)*(?:\$\(.*\)|\S+)\s*$"
    r"|(?:kubectl|oc)\s(?:.*\s)?debug\s(?!.*\s--\s).*$"
    r"|ssh\s+(?:-[ipJlo]\s*\S+\s+|-\S+\s+)*[^\s-]\S*\s*$"
    r"|(?:chroot\s+\S+|su(?:\s+-)?(?:\s+\w+)?|sudo\s+-[is])\s*$"
    r")",
    re.DOTALL,
)
LONGEST = 300  # characters of a command that opens a shell; what is longer brings its own work
CLOSES = re.compile(r"^\s*(?:exit|logout)\s*$")
# Programs that reach their system from anywhere; they are typed outside as well as inside.
OUTSIDE = re.compile(
    r"^\s*(?:sudo\s+)?(?:[A-Za-z_]\w*=|export\b|kubectl|oc|helm|virtctl|odf|ocm|rosa|gcloud|aws|az|git|argocd|istioctl"
    r"|docker|terraform|ssh|scp|rsync|pd|gh)"
)


class Session:
    """The shell that is open while the commands of one part of a page are read, from its top down."""

    def __init__(self) -> None:
        """None is open at first."""
        self._opened: list[int] = []  # the lines of those that are open

    def line_of(self, command: Command) -> int | None:
        """Give the line that opened the shell this command is typed in; None outside."""
        if CLOSES.match(command.text):
            return self._opened.pop() if self._opened else None
        inside = self._opened[0] if self._opened and not OUTSIDE.match(command.text) else None
        if len(command.text) <= LONGEST and OPENS.match(command.text):
            self._opened = [*self._opened, command.line] if inside else [command.line]
        return inside
