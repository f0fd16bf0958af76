"""A real nginx, with six ways to be: each has a verdict of its own, all at once, in under five seconds."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fireline.connectors.probes import GRACE, PATIENCE, check_all
from fireline.drills.world import wait_until
from servers import free_port

CONFIG = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{plain};
    location = /well/health {{ return 200 "well"; }}
    location = /gone/health {{ return 404; }}
    location = /sick/health {{ return 500; }}
    location = /moved/health {{ return 302 /gone/health; }}
    location = /stuck/health {{ proxy_pass http://127.0.0.1:{silent}; }}
    location = /cut/health {{ return 444; }}
  }}
  server {{
    listen 127.0.0.1:{secret} ssl;
    ssl_certificate {pem};
    ssl_certificate_key {pem};
    location / {{ return 200 "well"; }}
  }}
}}
"""


@pytest.fixture
def nginx(tmp_path: Path, certificate: Path) -> Iterator[tuple[int, int]]:
    """A running nginx: its plain port and the port where nobody trusts its certificate."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("skipped: nginx is not installed")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never says a word
        plain, secret = free_port(), free_port()
        config = tmp_path / "nginx.conf"
        config.write_text(
            CONFIG.format(folder=tmp_path, plain=plain, secret=secret, silent=silent.getsockname()[1], pem=certificate)
        )
        server = subprocess.Popen([program, "-p", tmp_path, "-c", config], stderr=subprocess.PIPE)
        try:
            assert wait_until(lambda: server.poll() is not None or _listens(plain))
            assert server.poll() is None, server.stderr and server.stderr.read()
            yield plain, secret
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=10)


@pytest.mark.req(19)
def test_a_real_nginx_shows_six_verdicts_in_one_round_under_five_seconds(nginx: tuple[int, int], nobody: str) -> None:
    plain, secret = nginx
    here = f"http://127.0.0.1:{plain}"
    urls = [
        f"{here}/well/health",
        f"{here}/gone/health",
        f"{here}/sick/health",
        f"{here}/stuck/health",
        f"{nobody}health",
        f"https://127.0.0.1:{secret}/health",
    ]
    began = time.monotonic()
    seen = check_all(urls)
    assert PATIENCE + GRACE < 5
    assert time.monotonic() - began < 30  # the same on a busy machine: one says nothing for ever
    assert [one.verdict for one in seen] == ["up", "client_error", "server_error", "hang", "refused", "tls"]
    assert [one.status for one in seen] == [200, 404, 500, None, None, None]


def test_a_redirect_of_nginx_is_up_and_said_and_a_connection_it_cuts_is_no_hang(nginx: tuple[int, int]) -> None:
    here = f"http://127.0.0.1:{nginx[0]}"
    moved, cut = check_all([f"{here}/moved/health", f"{here}/cut/health"])
    assert (moved.verdict, "which is not followed" in moved.detail) == ("up", True)
    assert cut.verdict == "other"


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
