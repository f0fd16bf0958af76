"""A leash: whatever a drill starts ends with the drill, however the drill ends.

Run as a file of its own, with nothing of fireline imported:

    leash.py hold COMMAND…   runs COMMAND until standard input closes, then stops it and ends what it leaves behind
    leash.py tie COMMAND…    becomes COMMAND, and the kernel ends it when its parent is gone

The drill holds the other end of that standard input. The kernel closes it even when the drill is
killed; unlike the parent-death signal it does not mind which thread of the drill started things.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
PR_SET_CHILD_SUBREAPER = 36  # whose parent is gone becomes our child: nginx' workers, PostgreSQL's sessions
PATIENCE = 10  # seconds supervisord may take to stop its programs before it is killed, and they with it


def hold(command: list[str]) -> int:
    """Run `command` until it ends or standard input closes; answers its exit code."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        return _held(command)
    finally:
        _end_the_rest()


def _held(command: list[str]) -> int:
    tied = [sys.executable, "-I", __file__, "tie", *command]
    with subprocess.Popen(tied, stdin=subprocess.PIPE) as child:
        ended = os.pidfd_open(child.pid)
        select.select([sys.stdin, ended], [], [])
        os.close(ended)
        child.terminate()
        try:
            return child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()


def _end_the_rest() -> None:
    """Kill whatever outlived the command, and whatever that leaves behind, until we have no child any more."""
    while True:
        for child in _children():
            os.kill(child, signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def _children() -> list[int]:
    """Our children, which are nobody else's to wait for: so none of these numbers can be another process by now."""
    with open("/proc/thread-self/children") as listed:  # noqa: PTH123  # this file imports as little as it can
        return [int(number) for number in listed.read().split()]


def tie(command: list[str]) -> None:
    """Become `command`, to be killed when the parent ends. The parent holds our standard input open."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    already = select.poll()
    already.register(sys.stdin, select.POLLHUP)
    if any(event & select.POLLHUP for _, event in already.poll(0)):
        sys.exit("the parent ended before the leash was on")
    os.execvp(command[0], command)  # noqa: S606  # no shell is the point


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["hold", *command] if command:
            sys.exit(hold(command))
        case ["tie", *command] if command:
            tie(command)
        case _:
            sys.exit(__doc__)
