"""A terminal where the next `fireline` is there at once: everything is imported already. For tests only.

    python forge.py SOCKET

Each connection brings three open files for stdin, stdout and stderr, and a line of JSON with what `run` takes. The
answer is the exit status of a new process, forked from here, that goes from `main` to its own end.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import threading

import fireline.app
import fireline.cli

for _module in pkgutil.iter_modules(fireline.cli.__path__, "fireline.cli."):
    importlib.import_module(_module.name)


def run(folder: str, environment: dict[str, str], words: list[str], seconds: int) -> None:
    """What `python -m fireline` does, after its imports."""
    signal.alarm(seconds)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["fireline", *words]
    fireline.cli.main()


def main(path: str) -> None:
    """Fork for every connection: one to wait, and one to be waited for."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries those that wait
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        assert threading.active_count() == 1, "a fork takes one thread along"
        gc.freeze()
        os.write(1, b"ready\n")
        while not select.select([door, sys.stdin], [], [])[0].count(sys.stdin):  # closed when whoever began this ends
            line, _ = door.accept()
            files = socket.recv_fds(line, 1, 3)[1]
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                door.close()
                with line.makefile() as reader:
                    order = json.loads(reader.readline())
                for place, file in enumerate(files):
                    os.dup2(file, place)
                    os.close(file)
                if (child := os.fork()) == 0:
                    line.close()
                    run(**order)
                    return
                line.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
                os._exit(0)
            line.close()
            for file in files:
                os.close(file)


if __name__ == "__main__":
    main(sys.argv[1])
