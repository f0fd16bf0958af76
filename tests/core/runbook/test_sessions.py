"""The rule: what is meant for a shell that another command opens is never run on fireline's own machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fireline.core.refusal import Refused
from fireline.core.runbook import Runbook
from fireline.core.runbook.fill import fill
from fireline.core.runbook.lint import lint

Read = Callable[[str], Runbook]


@pytest.mark.parametrize(
    "opens",
    [
        "oc debug node/web-1",
        "kubectl debug node/web-1 -it --image=busybox",
        "kubectl exec -n shop -it till-1 -- /bin/bash",
        "oc rsh -n shop till-1",
        "ssh ben@web-1",
        "docker exec -it till sh",
        "sudo -i",
        "chroot /host",
    ],
)
def test_what_follows_is_inside_until_it_is_left(read: Read, opens: str) -> None:
    page = read(f"```bash\n{opens}\ncat /proc/mdstat\nkubectl get nodes\nexit\ndf -h\n```\n")
    assert [one.inside for one in page.commands] == [None, 2, None, 2, None]
    with pytest.raises(Refused, match="line 2"):
        fill(page.commands[1], {})
    assert [f.line for f in lint(page) if f.code == "inside-shell"] == [3]


@pytest.mark.parametrize(
    "runs",
    [
        "oc debug node/web-1 -- chroot /host df",
        "kubectl exec -n shop till-1 -- cat /proc/mdstat",
        "oc rsh -n shop till-1 df -h",
        "ssh web-1 uptime",
        "ssh -p 22 web-1 'df -h'",
        "docker exec till ls",
        "bash check.sh",
    ],
)
def test_a_command_that_brings_its_own_work_opens_nothing(read: Read, runs: str) -> None:
    page = read(f"```bash\n{runs}\ncat /proc/mdstat\n```\n")
    assert [one.inside for one in page.commands] == [None, None]


def test_a_shell_opened_within_one_is_left_first(read: Read) -> None:
    page = read("```bash\noc debug node/web-1\nchroot /host\npodman ps\nexit\nls\nexit\ndf -h\n```\n")
    assert [one.inside for one in page.commands] == [None, 2, 2, 3, 2, 2, None]


def test_a_shell_ends_with_its_part_of_the_page(read: Read) -> None:
    page = read(
        "## Till Down\n\n### Diagnosis\n\n```bash\nssh web-1\n```\n\nThen `df -h`.\n\n### Mitigation\n\n"
        "```bash\ndf -h\n```\n"
    )
    assert [one.inside for one in page.commands] == [None, 6, None]
