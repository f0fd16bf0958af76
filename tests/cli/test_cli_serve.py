"""The rule: `serve` starts with one command, and says in one line why it does not."""

from __future__ import annotations

import shutil
import socket

import httpx2

from cli.typist import Typist
from servers import free_port


def test_the_first_start_lets_somebody_in_and_the_second_needs_nobody(ana: Typist) -> None:
    with ana.serving("--admin", "ana") as said:
        url = said[-1].removeprefix("fireline listens on ")
        assert url.startswith("http://127.0.0.1:")
        assert said[-2].startswith(f"Sign in, once, within 30 minutes: {url}/sign-in/fl_")
        link = said[-2].rpartition(" ")[2]
        assert httpx2.get(link, trust_env=False).status_code == 200
        health = httpx2.get(f"{url}/healthz", trust_env=False)
        assert (health.status_code, health.json()["status"]) == (200, "ok")
        assert httpx2.get(f"{url}/-/ready", trust_env=False).text == "ready\n"
        assert httpx2.get(f"{url}/metrics", trust_env=False).status_code == 200  # from this machine
        assert httpx2.get(f"{url}/api/v1/incidents", trust_env=False).status_code == 401
        other = ana.types("serve", "--port", "0")
        assert (other.returncode, other.stderr.count("\n")) == (1, 1)
        assert "Another fireline serves fireline.db already." in other.stderr
    assert ana.says("people", "list").split()[-3:] == ["ana", "Ana", "admin"]
    with ana.serving() as said:
        assert not any("Sign in" in line for line in said)


def test_a_taken_port_is_one_line(ana: Typist) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = ana.types("serve", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr == (
        f"fireline: Port {port} of 127.0.0.1 cannot be had: Address already in use. --port takes another.\n"
    )


def test_a_host_that_is_not_here_is_one_line(ana: Typist) -> None:
    done = ana.types("serve", "--host", "192.0.2.1", "--port", "0")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_a_dead_database_is_one_line_without_its_password(ana: Typist) -> None:
    done = ana.types("serve", "--port", "0", FIRELINE_STORE_URL=f"postgresql://f:secret@127.0.0.1:{free_port()}/f")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "does not answer" in done.stderr
    assert "secret" not in done.stderr


def test_a_spool_that_cannot_be_written_is_one_line(ana: Typist) -> None:
    (ana.folder / "spool").write_text("a file where a folder should be")
    done = ana.types("serve", "--port", "0", FIRELINE_STORE_SPOOL="spool")
    assert done.returncode == 1
    assert done.stderr.startswith("fireline: The spool spool cannot be written:")


def test_without_runbooks_it_starts_and_says_so(ana: Typist) -> None:
    shutil.rmtree(ana.folder / "runbooks")
    with ana.serving() as said:
        assert said[0].startswith("Warning: there is no runbook at runbooks.")
        assert said[-1].startswith("fireline listens on ")


def test_a_mailbox_that_cannot_be_opened_is_said_in_one_line(ana: Typist) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        (ana.folder / "fireline.toml").write_text(f'[mail]\naddresses = ["a@b.example"]\nlisten = "{address}"\n')
        done = ana.types("serve", "--port", "0")
    assert done.returncode == 1
    assert f"fireline could not start: [mail] listen = '{address}' cannot be listened on" in done.stderr
