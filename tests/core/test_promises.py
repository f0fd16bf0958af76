"""An update never says when it will be fixed; it may say what was, and when the next update comes."""

from __future__ import annotations

import pytest

from fireline.core.promises import promises

PROMISED = [
    "It will be fixed by 14:30",
    "will be fixed by tomorrow",
    "Fixed in 10 minutes",
    "in 10 minutes",
    "We expect to be back within the hour, back in an hour",
    "Should be resolved within 2 hours",
    "The service will be back up shortly.",
    "Back soon",
    "ETA 20 min",
    "ETA: 14:45",
    "Time to recovery: 30 min",
    "By 5 pm everything is working",
    "Restored by end of day",
    "Just a few more minutes",
    "Only 10 minutes more",
    "Rolling back. Done in five minutes",
    "The restore finishes within about 20 minutes",
    "Recovered any minute now",
    "The service should be restored within the hour",
    "We'll have this resolved shortly.",
    "The fix will be deployed tomorrow",
    "This will never happen again.",
    "We will fix it in ten minutes and post an update.",
]
TOLD = [
    "Rolling back revision 43",
    "Restart Redis (waits for a yes)",
    "The error rate rose from 1 % to 38 % in 10 minutes",
    "The disk was full and was restored within 4 minutes",
    "We'll provide an update in 15 minutes.",
    "We will post an update here by 15:00 UTC.",
    "We are looking for the reason and write again within 15 minutes.",
    "A fix has been implemented. We are monitoring the situation.",
    "Between 14:05 and 14:40 UTC some payments failed, e.g. those by card.",
    "Latency doubled within 5 minutes of the deployment",
    "Next update in 15 minutes",
    "We look again in 10 minutes",
    "Ask Redis whether it is there: exit 1, 0.4 s (Could not connect to Redis at 127.0.0.1:6390)",
    "Nobody acknowledged within 15 min",
    "30 minutes of green passed",
    "3 of 6 pods are back",
    "We check the backup before 14:30",
    "Restarted redis-2 at 03:12, no change since #2",
]


@pytest.mark.req(84)
@pytest.mark.parametrize("text", PROMISED)
def test_a_promise_of_a_fix_is_found(text: str) -> None:
    assert promises(text)


@pytest.mark.req(84)
@pytest.mark.parametrize("text", TOLD)
def test_what_was_and_what_is_being_done_is_no_promise(text: str) -> None:
    assert promises(text) == ()


def test_each_promise_is_named_in_its_own_words() -> None:
    text = "Redis is down. It will be fixed by 14:30. We hope it is back within an hour!"
    assert promises(text) == ("fixed by 14:30", "back within an hour")
