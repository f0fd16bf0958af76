"""What smoke tests say of themselves is read from TAP and from jest's summary; other output is no test run."""

from __future__ import annotations

import pytest

from fireline.core.smoke import of_output

TAP = """\
TAP version 13
# Subtest: home answers
ok 1 - home answers
    ok 1 - inner
# Subtest: checkout answers
not ok 2 - checkout answers
  ---
  error: 'got 502'
  ...
ok 3 - search answers # SKIP no key
not ok 4 - new page # TODO later
1..4
"""
JEST = """\
FAIL tests/smoke.test.js
  ● checkout › answers

    expected 200, got 502

Test Suites: 1 failed, 1 total
Tests:       1 failed, 2 skipped, 7 passed, 10 total
Time:        1.2 s
"""


@pytest.mark.req(106)
@pytest.mark.parametrize(
    ("output", "said"),
    [
        (TAP, ("1 of 2 smoke tests failed, 1 skipped: checkout answers.",)),
        ("TAP version 14\n1..2\nok 1 - a\nok 2 - b\n", ("All 2 smoke tests passed.",)),
        (
            "1..3\nok 1 - a\n",
            ("All 1 smoke tests passed.", "2 of 3 planned tests told nothing: the run ended early."),
        ),
        ("TAP version 13\nBail out! no network\n", ("The smoke tests gave up: no network.",)),
        ("1..0 # skip nothing here\n", ("No smoke test ran: that is no proof of anything.",)),
        (JEST, ("1 of 8 smoke tests failed, 2 skipped: checkout › answers.",)),
        ("\x1b[32mTests:\x1b[39m       5 passed, 5 total\n", ("All 5 smoke tests passed.",)),
        ("✔ home (1.2ms)\n✖ pays (3ms)\nℹ tests 2\nℹ pass 1\nℹ fail 1\n", ("1 of 2 smoke tests failed: pays.",)),
        (
            " × pays a cart 12ms\n\n      Tests  1 failed | 4 passed (5)\n",
            ("1 of 5 smoke tests failed: pays a cart 12ms.",),
        ),
        ("ok\nall fine\n", ()),
        ("", ()),
    ],
)
def test_a_run_is_told_in_a_sentence(output: str, said: tuple[str, ...]) -> None:
    assert of_output(output) == said
