"""The rule: fireline says to Slack what Slack's document asks for, and says in words what Slack answers.

A real client talks to a stand-in over HTTP that holds both sides against Slack's own document.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.faulty import Failure
from contracts.slack import APP_TOKEN, TOKEN, USER_TOKEN, SlackStandIn
from fireline.connectors.http import Permanent, Temporary
from fireline.connectors.slack import No, Slack
from fireline.core.refusal import Refused

ANA, BEN, CLEO, NOBODY = "UANA00001", "UBEN00001", "UCLEO0001", "UNOBODY01"


@pytest.fixture
def there(shared_if_there: Path | None) -> Iterator[SlackStandIn]:
    with SlackStandIn(shared_if_there) as stand_in:
        yield stand_in


@pytest.fixture
def slack(there: SlackStandIn) -> Slack:
    return Slack(TOKEN, there.url, USER_TOKEN, timeout=20)


def test_the_document_was_there_to_check_against(shared: Path) -> None:
    assert (shared / "contracts" / "slack" / "slack_web_openapi_v2.json").is_file()


def test_a_call_that_slack_does_not_know_breaks_the_contract(shared: Path) -> None:
    with pytest.raises(AssertionError, match="no argument is called colour"), SlackStandIn(shared) as there:
        Slack(TOKEN, there.url).call("conversations.create", name="incident-1", colour="red")


@pytest.mark.req(31)
def test_a_channel_is_made_once_and_its_name_is_taken_then(slack: Slack, there: SlackStandIn) -> None:
    made = slack.create("incident-20310504-0312")
    with pytest.raises(No) as no:
        slack.create("incident-20310504-0312")
    assert no.value.error == "name_taken"
    assert slack.find("incident-20310504-0312") == made
    assert slack.find("incident-20310504") is None
    assert not there.channel(made.id).private


@pytest.mark.req(31)
def test_a_private_channel_is_private_and_found_again(slack: Slack, there: SlackStandIn) -> None:
    made = slack.create("incident-1", private=True)
    assert there.channel(made.id).private
    assert slack.find("incident-1") == made


def test_a_channel_is_found_among_many() -> None:
    with SlackStandIn() as there:  # without the document: it would look at each of the channels
        slack = Slack(TOKEN, there.url)
        for n in range(1200):
            there.add_channel(f"team-{n}", ANA)
        made = slack.create("incident-1")
        assert slack.find("incident-1") == made
        assert len(there.called("conversations.list")) == 2


@pytest.mark.req(32)
def test_whom_slack_does_not_know_keeps_nobody_out(slack: Slack, there: SlackStandIn) -> None:
    room = slack.create("incident-1").id
    assert slack.invite(room, [ANA, NOBODY, BEN]) == {NOBODY: "user_not_found"}
    assert {ANA, BEN} <= there.channel(room).members
    assert slack.invite(room, [ANA, CLEO]) == {}  # who is there already has come
    assert CLEO in there.channel(room).members
    assert slack.invite(room, []) == {}


def test_an_invitation_that_fails_for_everybody_is_said(slack: Slack, there: SlackStandIn) -> None:
    room = slack.create("incident-1").id
    there.refuse("conversations.invite", "missing_scope")
    with pytest.raises(No, match=r"lacks a scope for conversations\.invite"):
        slack.invite(room, [ANA, BEN])


@pytest.mark.req(43)
def test_a_topic_is_set_and_cut_where_slack_would_refuse_it(slack: Slack, there: SlackStandIn) -> None:
    room = slack.create("incident-1").id
    slack.set_topic(room, "P0: shut " + "x" * 300)
    assert there.channel(room).topic.startswith("P0: shut ")
    assert len(there.channel(room).topic) == 250


@pytest.mark.req(33)
def test_a_message_is_pinned_and_pinned_again_without_harm(slack: Slack, there: SlackStandIn) -> None:
    room = slack.create("incident-1").id
    ts = slack.post(room, "the card")
    slack.pin(room, ts)
    slack.pin(room, ts)
    assert there.channel(room).pins == [ts]


@pytest.mark.req(85)
def test_text_arrives_as_it_is_and_nothing_in_it_is_markup(slack: Slack, there: SlackStandIn) -> None:
    room = slack.create("incident-1").id
    slack.post(room, "📊 *errors* <5 % & falling")
    (sent,) = there.called("chat.postMessage")
    assert sent["mrkdwn"] is False
    assert sent["text"] == "📊 *errors* &lt;5 % &amp; falling"


def test_a_message_is_found_by_its_mark_and_by_no_other(slack: Slack) -> None:
    room = slack.create("incident-1").id
    slack.post(room, "one", mark="house/INC-1/3/post")
    ts = slack.post(room, "two", mark="house/INC-1/4/post")
    assert slack.posted(room, "house/INC-1/4/post", since=1) == ts
    assert slack.posted(room, "house/INC-1/5/post", since=1) == ""
    assert slack.posted(room, "house/INC-1/4/post", since=float(ts) + 60) == ""


@pytest.mark.req(111)
def test_a_history_holds_every_message_with_its_thread(slack: Slack, there: SlackStandIn) -> None:
    room = slack.create("incident-1").id
    first = slack.post(room, "who knows redis?")
    there.says(room, ANA, "I do", thread_ts=first)
    for n in range(250):
        there.says(room, BEN, f"line {n}")
    texts = [one["text"] for one in slack.history(room) if "subtype" not in one]
    assert texts == ["who knows redis?", "I do", *(f"line {n}" for n in range(250))]


@pytest.mark.req(111)
def test_only_a_person_takes_a_channel_out_of_the_archive(slack: Slack, there: SlackStandIn) -> None:
    room = slack.create("incident-1").id
    slack.archive(room)
    slack.archive(room)
    assert slack.channel(room).archived
    with pytest.raises(Permanent, match="Slack lets no app take a channel out of the archive"):
        Slack(TOKEN, there.url).unarchive(room)
    slack.unarchive(room)
    slack.unarchive(room)
    assert not there.channel(room).archived
    assert slack.post(room, "we are back")


def test_people_are_known_by_their_mail_address(slack: Slack) -> None:
    found = slack.of_mail("ana@example.com")
    assert found
    assert (found.id, found.mail) == (ANA, "ana@example.com")
    assert slack.of_mail("zoe@example.com") is None


def test_a_window_opens_once_for_a_click(slack: Slack, there: SlackStandIn) -> None:
    click = there.trigger()
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Update"}, "blocks": []}
    slack.open_view(click, view)
    assert there.views[0]["type"] == "modal"
    with pytest.raises(No, match="three seconds"):
        slack.open_view(click, view)


def test_a_message_can_be_changed_and_whispered(slack: Slack, there: SlackStandIn) -> None:
    room = slack.create("incident-1").id
    ts = slack.post(room, "waits", blocks=[{"type": "divider"}])
    slack.update(room, ts, "approved by ben")
    assert (there.channel(room).posted[0]["text"], there.channel(room).posted[0]["blocks"]) == ("approved by ben", [])
    slack.invite(room, [ANA])
    slack.whisper(room, ANA, "you asked for this one")
    assert there.ephemeral[0]["user"] == ANA
    message = slack.message(room, ts)
    assert message
    assert message["text"] == "approved by ben"


def test_a_socket_is_opened_with_the_token_of_the_app(there: SlackStandIn) -> None:
    there.socket_url = "wss://127.0.0.1/"
    assert Slack(APP_TOKEN, there.url).call("apps.connections.open")["url"] == "wss://127.0.0.1/"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("429", "429 Too Many Requests"),
        ("500", "500 Internal Server Error"),
        ("reset", "reset the connection"),
        ("hang", "did not answer in time"),
        ("drop", "the connection"),
    ],
)
def test_what_fails_for_now_is_tried_again_later(there: SlackStandIn, how: Failure, said: str) -> None:
    slack = Slack(TOKEN, there.url, USER_TOKEN, timeout=1 if how == "hang" else 20)
    there.wire.fail_next(1, how, retry_after="30")
    with pytest.raises(Temporary, match=said) as trouble:
        slack.me()
    assert trouble.value.retry_after == (30.0 if how == "429" else None)
    assert slack.me() == "UBOT00001"


@pytest.mark.parametrize("error", ["ratelimited", "internal_error", "fatal_error"])
def test_an_error_that_passes_is_tried_again_though_it_comes_with_200(
    slack: Slack, there: SlackStandIn, error: str
) -> None:
    there.refuse("auth.test", error)
    with pytest.raises(Temporary, match="cannot just now"):
        slack.me()


def test_a_server_that_is_not_there_is_tried_again(slack: Slack, there: SlackStandIn) -> None:
    with there.wire.refusing(), pytest.raises(Temporary, match="refused the connection"):
        slack.me()


def test_a_wrong_token_is_said_without_the_token(there: SlackStandIn) -> None:
    with pytest.raises(No, match="Slack does not take this token") as no:
        Slack("xoxb-of-another-app", there.url).me()
    assert "xoxb" not in str(no.value)


def test_a_token_with_a_line_end_is_refused_before_it_is_sent() -> None:
    with pytest.raises(Refused, match="no token has"):
        Slack("xoxb-1\n")


def test_a_token_is_never_shown() -> None:
    assert "xoxb" not in repr(Slack(TOKEN, user_token=USER_TOKEN))
    assert "xoxp" not in repr(Slack(TOKEN, user_token=USER_TOKEN))
