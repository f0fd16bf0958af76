"""People come in by a link that works once; a copied database lets nobody in."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from fireline.core.refusal import Refused
from fireline.store.accounts import Accounts
from fireline.store.database import Database, metadata
from store.conftest import NOON

MINUTE = timedelta(minutes=1)


@pytest.fixture
def house(database: Database) -> Accounts:
    """Ana is on call, vic only looks."""
    found = Accounts(database)
    found.add("ana", "Ana Lima")
    found.add("vic", "Vic", "viewer")
    return found


def test_a_person_is_added_once_and_found(house: Accounts) -> None:
    assert [person.handle for person in house.people()] == ["ana", "vic"]
    assert house.find("ana").name == "Ana Lima"
    with pytest.raises(Refused, match="a person ana already"):
        house.add("ana", "Another Ana")
    with pytest.raises(Refused, match="`fireline people add eva NAME` makes one") as no:
        house.find("eva")
    assert no.value.status == 404


def test_a_link_signs_in_once(house: Accounts) -> None:
    link = house.link("ana", NOON)
    session = house.sign_in(link, NOON + MINUTE)
    found = house.by_session(session, NOON + MINUTE)
    assert found is not None
    assert found.handle == "ana"
    with pytest.raises(Refused, match="used up or too old") as no:
        house.sign_in(link, NOON + 2 * MINUTE)
    assert no.value.status == 403


def test_a_link_is_too_old_after_thirty_minutes_and_nobody_can_guess_one(house: Accounts) -> None:
    link = house.link("ana", NOON)
    for secret, at in ((link, NOON + 30 * MINUTE), ("", NOON), ("fl_guess", NOON)):
        with pytest.raises(Refused, match="used up or too old"):
            house.sign_in(secret, at)
    assert house.sign_in(link, NOON + 30 * MINUTE - timedelta(seconds=1))


def test_a_session_ends_by_itself_and_by_signing_out(house: Accounts) -> None:
    session = house.sign_in(house.link("ana", NOON), NOON)
    assert house.by_session(session, NOON + timedelta(hours=12) - MINUTE)
    assert house.by_session(session, NOON + timedelta(hours=12)) is None
    house.sign_out(session)
    assert house.by_session(session, NOON) is None


def test_no_secret_is_kept_anywhere(house: Accounts) -> None:
    link = house.link("ana", NOON)
    secrets = [link, house.link("vic", NOON), house.sign_in(link, NOON), house.token("ana", "api", NOON, label="ci")]
    with house.database.reading() as connection:
        everything = "\n".join(
            repr(row) for table in metadata.sorted_tables for row in connection.execute(sa.select(table))
        )
    assert "ci" in everything
    assert not [secret for secret in secrets if secret in everything or secret.removeprefix("fl_") in everything]
    assert len(set(secrets)) == 4
    assert all(len(secret) >= 43 for secret in secrets)  # 256 bits in base64


def test_a_token_is_good_for_its_scope_and_no_other(house: Accounts) -> None:
    hook, api = house.token("ana", "hooks", NOON), house.token("vic", "api", NOON)
    assert house.by_token(hook, "api", NOON) is None
    assert house.by_token(api, "hooks", NOON) is None
    found, viewer = house.by_token(hook, "hooks", NOON), house.by_token(api, "api", NOON)
    assert found is not None
    assert viewer is not None
    assert (found.handle, viewer.handle, viewer.may_act) == ("ana", "vic", False)


def test_a_token_is_no_session_and_a_link_is_neither(house: Accounts) -> None:
    link, token = house.link("ana", NOON), house.token("ana", "api", NOON)
    session = house.sign_in(house.link("ana", NOON), NOON)
    assert house.by_session(token, NOON) is house.by_session(link, NOON) is None
    assert house.by_token(session, "api", NOON) is house.by_token(link, "api", NOON) is None
    house.sign_out(token)
    assert house.by_token(token, "api", NOON)
    with pytest.raises(Refused):
        house.sign_in(token, NOON)


def test_a_token_may_end_by_itself(house: Accounts) -> None:
    token = house.token("ana", "api", NOON, ends_at=NOON + MINUTE)
    assert house.by_token(token, "api", NOON)
    assert house.by_token(token, "api", NOON + MINUTE) is None


def test_a_token_is_revoked_by_the_start_of_its_digest(house: Accounts) -> None:
    token = house.token("ana", "api", NOON, label="ci")
    (row,) = house.tokens()
    assert (row.label, row.scope, row.handle) == ("ci", "api", "ana")
    with pytest.raises(Refused, match="at least 8 characters"):
        house.revoke(row.digest[:7])
    for wrong in ("0" * 64, "%%%%%%%%"):
        with pytest.raises(Refused, match="no such token"):
            house.revoke(wrong)
    house.revoke(row.digest[:8])
    assert house.by_token(token, "api", NOON) is None


def test_a_link_survives_no_revoking_of_tokens(house: Accounts) -> None:
    house.link("ana", NOON)
    with house.database.reading() as connection:
        digest = connection.scalar(sa.text("SELECT digest FROM key"))
    with pytest.raises(Refused, match="no such token"):
        house.revoke(str(digest))


def test_nobody_holds_nothing(house: Accounts) -> None:
    assert house.by_session("", NOON) is house.by_token("", "api", NOON) is None


def test_who_was_shown_the_door_stays_out(house: Accounts) -> None:
    token = house.token("ana", "api", NOON)
    session = house.sign_in(house.link("ana", NOON), NOON)
    with house.database.writing() as connection:
        connection.execute(sa.text("UPDATE person SET disabled = true WHERE handle = 'ana'"))
    assert house.by_token(token, "api", NOON) is house.by_session(session, NOON) is None
    with pytest.raises(Refused, match="no person ana"):
        house.link("ana", NOON)
