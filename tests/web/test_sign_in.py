"""A sign-in link lets one person in once; looking at it does not use it up."""

from __future__ import annotations

from fireline import clock
from fireline.access import COOKIE
from web.told import Told


def test_a_link_is_opened_by_previews_and_used_by_a_person_once(told: Told) -> None:
    secret = told.house.accounts.link("ben", clock.now())
    with told.browser(None) as somebody:
        for _ in range(3):  # the chat's preview, the mail's scanner, the person
            assert "Sign in" in somebody.get(f"/sign-in/{secret}").text
        answer = somebody.post("/sign-in", data={"secret": secret})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert "Secure" not in cookie, "this house is reached without TLS"
        assert "Ben Okoro" in somebody.get("/").text
    with told.browser(None) as another:
        again = another.post("/sign-in", data={"secret": secret})
    assert again.status_code == 403
    assert "used up or too old" in again.text


def test_a_pasted_link_works_like_its_secret_and_goes_on_to_the_wanted_page(told: Told) -> None:
    secret = told.house.accounts.link("ana", clock.now())
    with told.browser(None) as ana:
        assert 'value="/alerts"' in ana.get("/sign-in?next=/alerts").text
        answer = ana.post("/sign-in", data={"secret": f"{told.url}/sign-in/{secret}", "next": "/alerts"})
    assert answer.headers["location"] == "/alerts"


def test_a_link_never_leads_to_another_site(told: Told) -> None:
    for elsewhere in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        secret = told.house.accounts.link("ana", clock.now())
        with told.browser(None) as ana:
            assert ana.post("/sign-in", data={"secret": secret, "next": elsewhere}).headers["location"] == "/"


def test_another_site_cannot_sign_somebody_in_or_out(told: Told) -> None:
    secret = told.house.accounts.link("ana", clock.now())
    with told.browser(None, Origin="https://evil.example", **{"Sec-Fetch-Site": "cross-site"}) as evil:
        assert evil.post("/sign-in", data={"secret": secret}).status_code == 403
        assert evil.post("/sign-out").status_code == 403


def test_signing_out_ends_the_session(told: Told) -> None:
    at = clock.now()
    session = told.house.accounts.sign_in(told.house.accounts.link("ben", at), at)
    with told.browser(None) as ben:
        ben.cookies.set(COOKIE, session)
        assert ben.get("/").status_code == 200
        assert ben.post("/sign-out").headers["location"] == "/sign-in"
    assert told.house.accounts.by_session(session, at) is None
