"""`fireline serve`: pages, API and hooks on one port, and all the work that follows from them."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from fireline.cli.house import Config


def serve(
    *,
    host: Annotated[str | None, Parameter(help="Where to listen. Default: [server] host, the loopback.")] = None,
    port: Annotated[int | None, Parameter(help="Default: [server] port; 0 takes a free one.")] = None,
    config: Config = None,
    admin: Annotated[str, Parameter(help="The handle of the first person, made when there is nobody yet.")] = "admin",
) -> None:
    """Serve pages, API and hooks, and do the work, until Ctrl-C.

    The first start makes the first person and prints a link to sign in with.
    """
    from fireline.cli.listen import run
    from fireline.settings import load

    run(load(config), host, port, admin)
