"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "fireline"
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "types", "services"}
LINES_MAX = 400
# Written so that this file does not hold what it looks for.
NOT_OURS = re.compile(
    "|".join(
        [
            r"(?<![\w.])/work" + "/",
            r"/tmp" + "/venv",
            r"pypi" + r"\.org",
            r"python" + "hosted",
            r"registry" + r"\.npmjs",
            r"deb" + r"\.debian\.org",
            r"proxy" + r"\.golang\.org",
        ]
    )
)
REQ = re.compile(r"mark\.req\(([\d, ]+)\)")


def modules() -> list[Path]:
    """Every Python file of the package."""
    return sorted(SOURCE.rglob("*.py"))


def lines(paths: list[Path]) -> list[tuple[Path, int, str]]:
    """Every line of these files, with its place."""
    return [(path, n, line) for path in paths for n, line in enumerate(path.read_text().splitlines(), 1)]


def python() -> list[Path]:
    """Every Python file that is kept in git, or will be."""
    return [path for path in tracked() if path.suffix == ".py"]


def tracked() -> list[Path]:
    """Every file in git, and every new one that git would not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("skipped: this is no git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def shown(path: Path) -> str:
    """A path as people say it here."""
    return str(path.relative_to(ROOT))


def imports(path: Path) -> set[str]:
    """The modules a file imports, by full name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def importers(name: str) -> set[str]:
    """The files of the package that import a module or anything in it."""
    return {
        str(path.relative_to(SOURCE))
        for path in modules()
        if any(one == name or one.startswith(f"{name}.") for one in imports(path))
    }


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    named = [path for top in (SOURCE, ROOT / "tests") for path in top.rglob("*") if path.suffix in {"", ".py"}]
    assert [shown(path) for path in named if path.stem in SAYS_NOTHING] == []


def test_every_module_opens_with_a_sentence() -> None:
    silent = []
    for path in python():
        text = ast.get_docstring(ast.parse(path.read_text("utf-8")))
        if not text or not text.splitlines()[0].strip():
            silent.append(shown(path))
    assert silent == []


def test_no_file_has_two_subjects() -> None:
    long = {shown(path): len(path.read_text("utf-8").splitlines()) for path in python()}
    assert {path: lines for path, lines in long.items() if lines > LINES_MAX} == {}


def test_nothing_is_mocked() -> None:
    assert [shown(path) for path in python() if any(one.startswith("unittest.mock") for one in imports(path))] == []


def test_no_test_sleeps() -> None:
    sleeper = re.compile(r"\btime\.sleep" + r"\(")
    assert [shown(path) for path in (ROOT / "tests").rglob("*.py") if sleeper.search(path.read_text("utf-8"))] == []


def test_only_the_runs_the_composition_and_the_runner_know_the_executor() -> None:
    outside = {path for path in importers("fireline.executor") if not path.startswith("executor/")}
    assert outside <= {"workflows/runs.py", "house.py", "runner/__init__.py"}


def test_only_durable_knows_the_engine() -> None:
    assert {Path(one).parts[0] for one in importers("dbos")} == {"durable"}


def test_core_reads_no_clock() -> None:
    calls = re.compile(r"\b(datetime\.now|utcnow|time\.time|monotonic|perf_counter)\b")
    assert [shown(path) for path in (SOURCE / "core").rglob("*.py") if calls.search(path.read_text("utf-8"))] == []


def test_no_file_names_a_registry_or_somebodys_machine() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        found += [
            f"{shown(path)}:{n}: {hit[0]}"
            for n, line in enumerate(text.splitlines(), 1)
            if (hit := NOT_OURS.search(line))
        ]
    assert found == []


def test_no_pattern_has_a_possessive_group() -> None:
    """Python 3.11.0 to 3.11.4, which Debian 12 ships, match them wrongly (CPython issue 106052)."""
    group = re.compile(r"(?<!\\)\)(?:[*+?]|\{[\d,]+\})\+")
    wrong = [f"{path}:{number}" for path, number, line in lines(modules()) if 'r"' in line and group.search(line)]
    assert wrong == []


def test_every_requirement_a_test_claims_is_a_row() -> None:
    page = ROOT / "docs" / "requirements.md"
    if not page.is_file():
        pytest.skip("skipped: docs/requirements.md is not written yet")
    rows = {int(number) for number in re.findall(r"^\|\s*(\d+)\s*\|", page.read_text("utf-8"), re.MULTILINE)}
    claimed = {
        int(number): shown(path)
        for path in (ROOT / "tests").rglob("*.py")
        for hit in REQ.findall(path.read_text("utf-8"))
        for number in hit.replace(",", " ").split()
    }
    assert rows
    assert {number: path for number, path in claimed.items() if number not in rows} == {}


def test_changes_are_told() -> None:
    page = ROOT / "CHANGELOG.md"
    assert page.is_file(), "write CHANGELOG.md: what changed, for the people who run fireline"
    assert "## " in page.read_text("utf-8")
