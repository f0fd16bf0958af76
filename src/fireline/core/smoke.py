"""Smoke tests: what `npm run test:smoke` and its like say of themselves, as findings.

Three tellings are understood: TAP, which tape, node-tap and Node's own runner write
(https://testanything.org/tap-version-14-specification.html), the lines that Node's runner writes for people
(https://nodejs.org/api/test.html#test-reporters), and the summary at the end of jest and vitest.
"""

from __future__ import annotations

import re

ANSI = re.compile(r"\x1b\[[0-9;]*m")
TAP = re.compile(r"^TAP version \d+|^\d+\.\.\d+(?:\s|$)", re.MULTILINE)
PLAN = re.compile(r"^\d+\.\.(?P<count>\d+)(?:\s*#\s*skip.*)?\s*$", re.MULTILINE | re.IGNORECASE)
RESULT = re.compile(
    r"^(?P<no>not )?ok\b\s*(?P<number>\d+)?\s*(?:-\s*)?(?P<name>[^#\n]*?)\s*(?:#\s*(?P<mark>skip|todo)\b.*)?$",
    re.MULTILINE | re.IGNORECASE,
)
BAIL = re.compile(r"^Bail out!\s*(?P<why>.*)$", re.MULTILINE)
# "Tests:       2 failed, 1 skipped, 7 passed, 10 total" and vitest's "Tests  1 failed | 9 passed (10)"
JEST = re.compile(r"^\s*Tests:?\s+(?P<counts>\d+ (?:failed|passed|skipped|todo)\b.*)$", re.MULTILINE)
COUNTED = re.compile(r"(\d+) (failed|passed|skipped|todo|total)")
FAILED_NAME = re.compile(r"^\s*(?:●|✕|×|FAIL)\s+(?P<name>\S.*?)(?:\s+\(\d+(?:\.\d+)? ?m?s\))?\s*$", re.MULTILINE)
SPEC = re.compile(r"^ℹ (?P<what>tests|pass|fail|cancelled|skipped) (?P<count>\d+)\s*$", re.MULTILINE)
SPEC_FAILED = re.compile(r"^✖ (?P<name>(?!failing tests:).+?)(?: \(\d[\d.]*ms\))?\s*$", re.MULTILINE)
SHOWN = 5  # names of tests that failed


def of_output(output: str) -> tuple[str, ...]:
    """Findings of what a test run said; none when it is no test run that is known here."""
    text = ANSI.sub("", output)
    return _tap(text) or _spec(text) or _jest(text)


def _tap(text: str) -> tuple[str, ...]:
    if not TAP.search(text):
        return ()
    if bail := BAIL.search(text):
        return (f"The smoke tests gave up: {bail['why'].strip() or 'no reason told'}.",)
    results = list(RESULT.finditer(text))
    plan = PLAN.search(text)
    planned = int(plan["count"]) if plan else None
    marks = [(one["mark"] or "").lower() for one in results]
    bad = [one for one in results if one["no"] and not one["mark"]]
    failed = [one["name"].strip() or f"test {one['number']}" for one in bad]
    said = _said(len(results) - len(failed) - sum(map(bool, marks)), failed, marks.count("skip"))
    if planned is not None and planned > len(results):
        said = (*said, f"{planned - len(results)} of {planned} planned tests told nothing: the run ended early.")
    return said


def _spec(text: str) -> tuple[str, ...]:
    counts = {one["what"]: int(one["count"]) for one in SPEC.finditer(text)}
    if not {"tests", "pass", "fail"} <= counts.keys():
        return ()
    failing = counts["fail"] + counts.get("cancelled", 0)
    names = list(dict.fromkeys(one["name"] for one in SPEC_FAILED.finditer(text)))[:failing]
    failed = names + ["a test without a name here"] * (failing - len(names))
    return _said(counts["pass"], failed, counts.get("skipped", 0))


def _jest(text: str) -> tuple[str, ...]:
    found = JEST.search(text)
    if found is None:
        return ()
    counts = {word: int(n) for n, word in COUNTED.findall(found["counts"])}
    names = list(dict.fromkeys(one["name"] for one in FAILED_NAME.finditer(text)))
    failing = counts.get("failed", 0)
    tests = [one for one in names if not one.endswith((".js", ".ts", ".mjs", ".cjs", ".tsx", ".jsx"))] or names
    failed = tests[:failing] + ["a test without a name here"] * max(0, failing - len(tests))
    return _said(counts.get("passed", 0), failed, counts.get("skipped", 0))


def _said(passed: int, failed: list[str], skipped: int) -> tuple[str, ...]:
    total = passed + len(failed)
    left = f", {skipped} skipped" if skipped else ""
    if not total:
        return (f"No smoke test ran{left}: that is no proof of anything.",)
    if not failed:
        return (f"All {total} smoke tests passed{left}.",)
    names = "; ".join(dict.fromkeys(failed[:SHOWN]))
    more = f"; and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
    return (f"{len(failed)} of {total} smoke tests failed{left}: {names}{more}.",)
