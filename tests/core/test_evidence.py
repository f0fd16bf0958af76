"""The one line beside a step says what matters in its output."""

from __future__ import annotations

import pytest

from fireline.core.evidence import LONGEST_SUMMARY, summary

PODS = """\
NAME                   READY   STATUS             RESTARTS        AGE
redis-0                1/1     Running            0               3d
api-7d9c9b8f6d-x2x9z   0/1     CrashLoopBackOff   5 (20s ago)     9m
"""


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("", "no output"),
        ("\n  \n", "no output"),
        ("PONG\n", "PONG"),
        ("\n\x1b[31mred\x1b[0m\talert\n", "red alert"),
        (PODS, "api-7d9c9b8f6d-x2x9z 0/1 CrashLoopBackOff 5 (20s ago) 9m"),
        (PODS.replace("CrashLoopBackOff", "Running         "), "redis-0 1/1 Running 0 3d"),
        (" count \n-------\n    42\n(1 row)\n", "42"),
        ("checking 1\nconnection refused\n", "connection refused"),
        ("checking\nscan ended with 0 errors\n", "checking"),
        ("one\n[fireline: stopped after 30 s, its time limit]\n", "stopped after 30 s, its time limit"),
        ("one\n[fireline: 9 bytes cut here]\ntwo\n", "one"),
    ],
)
def test_the_summary_is_the_first_telling_line(output: str, line: str) -> None:
    assert summary(output) == line


def test_a_long_line_is_cut_to_fit() -> None:
    assert len(summary("x" * 500)) == LONGEST_SUMMARY
    assert summary("x" * 500).endswith("…")


def test_of_a_change_that_went_well_the_last_line_counts() -> None:
    restarted = "redis: ERROR (not running)\nredis: started\n"
    assert summary(restarted) == "redis: ERROR (not running)"
    assert summary(restarted, changed=True) == "redis: started"
