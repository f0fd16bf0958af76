"""Which rows of docs/requirements.md have a test that shows them, and which have none yet.

Reads the rows (`| 12 | what is wanted | …`) and the marks in the tests (`@pytest.mark.req(12, 13)`,
on a function, a class, or as `pytestmark`), without running anything.
"""

# ruff: noqa: T201  # a script prints
from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROW = re.compile(r"^\|\s*(\d+)\s*\|\s*(.+?)\s*\|", re.MULTILINE)


def rows(text: str) -> dict[int, str]:
    """The numbered rows of the page, by number."""
    return {int(number): what for number, what in ROW.findall(text)}


def shown(source: str) -> Iterator[int]:
    """The numbers of the rows that the tests of one module show."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr="req", value=ast.Attribute(attr="mark")), args=numbers):
                yield from (n.value for n in numbers if isinstance(n, ast.Constant) and isinstance(n.value, int))


def main() -> None:
    """Print the rows that wait for a test, then the count."""
    page = ROOT / "docs" / "requirements.md"
    wanted = rows(page.read_text(encoding="utf-8")) if page.exists() else {}
    have = {number for test in (ROOT / "tests").rglob("test_*.py") for number in shown(test.read_text())}
    for number, what in sorted(wanted.items()):
        if number not in have:
            print(f"{number:4}  {what}")
    print(f"{len(have & wanted.keys())} of {len(wanted)} rows of docs/requirements.md are shown by a test")
    if unknown := sorted(have - wanted.keys()):
        print(f"Tests name rows that the page does not have: {', '.join(map(str, unknown))}")


if __name__ == "__main__":
    main()
