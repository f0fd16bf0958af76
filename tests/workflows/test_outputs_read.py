"""Real outputs are read: who is behind nginx's own 429s, and what npm's smoke tests say of themselves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.typist import Typist
from fireline.core import access_log, smoke
from workflows.metered import till

SMOKE = """\
const {{ test }} = require('node:test');
const assert = require('node:assert');
test('home answers', () => {{}});
test('checkout answers', () => {{ assert.strictEqual({status}, 200); }});
"""


@pytest.mark.req(129)
def test_the_client_behind_the_429s_of_a_real_nginx_is_named_by_its_own_log(tmp_path: Path) -> None:
    with till(tmp_path / "nginx") as one:
        told = one.ask("/limited?key=s3cret", 9, **{"X-Client": "a", "User-Agent": "importer/2"})
        assert told[429] == 8  # one a minute is let through
        one.ask("/sell", 4)
        output = one.log.read_text()
    lines = [line for line in output.splitlines() if "/health" not in line]
    said = access_log.of_output("\n".join(lines))
    assert said[0].startswith("8 of 13 requests")
    assert said[1] == "127.0.0.1: 8 times 429 of 13 requests (100 % of all 429s), importer/2."
    assert "Most often for /limited: 8 times." in said
    typed = Typist(tmp_path).types("investigate", "access-log", "nginx/access.log", "--json")
    assert typed.returncode == 0, typed.stderr
    found = json.loads(typed.stdout)
    assert (found["refused"], found["clients"][0]["client"]) == (8, "127.0.0.1")
    piped = Typist(tmp_path).says("investigate", "access-log", stdin=output)
    assert "s3cret" not in piped
    assert "were told 429" in piped


@pytest.mark.req(129)
def test_a_file_that_is_no_access_log_or_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("one\ntwo\n")
    ana = Typist(tmp_path)
    odd = ana.types("investigate", "access-log", "notes")
    assert (odd.returncode, odd.stdout.strip()) == (1, "No line of this is an access log's.")
    gone = ana.types("investigate", "access-log", "gone")
    assert (gone.returncode, gone.stderr.strip()) == (
        1, "fireline: gone cannot be read: No such file or directory.",
    )  # fmt: skip


@pytest.mark.req(106)
@pytest.mark.parametrize(
    ("status", "reporter", "said"),
    [
        (200, "spec", ("All 2 smoke tests passed.",)),
        (502, "spec", ("1 of 2 smoke tests failed: checkout answers.",)),
        (502, "tap", ("1 of 2 smoke tests failed: checkout answers.",)),
    ],
)
def test_the_smoke_tests_of_a_real_npm_project_are_told_in_a_sentence(
    tmp_path: Path, status: int, reporter: str, said: tuple[str, ...]
) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("skipped: npm is not installed")
    script = f"node --test-reporter={reporter} smoke.test.js"
    (tmp_path / "package.json").write_text(json.dumps({"name": "shop", "scripts": {"test:smoke": script}}))
    (tmp_path / "smoke.test.js").write_text(SMOKE.format(status=status))
    done = subprocess.run(
        [npm, "run", "test:smoke", "--", "--env=production"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "npm_config_update_notifier": "false"},
    )  # fmt: skip
    assert (done.returncode == 0) == (status == 200), done.stderr
    assert smoke.of_output(done.stdout) == said
