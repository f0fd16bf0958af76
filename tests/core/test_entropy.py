"""Tokens drawn by lot are masked although nothing names them; what operators look at all day is left alone."""

from __future__ import annotations

import base64
import hashlib
import random
import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core.entropy import key_like
from fireline.core.redaction import MASK, mask

LETTERS = string.ascii_letters + string.digits
LOT = random.Random(48)  # the same tokens every time


def drawn(size: int, letters: str = LETTERS) -> str:
    return "".join(LOT.choices(letters, k=size))


CERTIFICATE = base64.encodebytes(bytes(LOT.randrange(256) for _ in range(400))).decode()
# Each: what stands in an output, and whether it may stay. The table of docs/evidence.md, with examples.
STAYS = {
    "a SHA-1": hashlib.sha1(b"x").hexdigest(),
    "a SHA-512": hashlib.sha512(b"x").hexdigest(),
    "an image digest": "registry.example.com/shop/api@sha256:" + hashlib.sha256(b"y").hexdigest(),
    "a UUID": "550e8400-e29b-41d4-a716-446655440000",
    "a UUID in capitals": "550E8400-E29B-41D4-A716-446655440000",
    "a pod's name": "checkout-frontend-7d9c9b8f6d-x2x9z",
    "a ULID": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "a trace id": "trace=4bf92f3577b34da6a3ce929d0e0e4736 span=00f067aa0ba902b7",
    "a Java class": "com.example.shop.OrderServiceImplEnhancerBySpringCGLIB8f9b2c1a.handleRequestInternal",
    "an identifier": "getCustomerOrderHistoryV2ByAccountIdAndRegion",
    "a path": "/var/lib/docker/overlay2/l/XJ7K2QWERTYUIOPASDFGHJKLZX/merged/usr/lib64",
    "a route": "/api/v1/Customers/20261123/OrderHistory/2026/InvoiceNumber",
    "an environment name": "KUBERNETES_SERVICE_PORT_HTTPS_8443_TCP_ADDR",
    "a time": "2026-11-23T03:04:05.123456789Z/2026-11-23T04:04:05Z",
    "a sum of npm": f"sha512-{base64.b64encode(hashlib.sha512(b'z').digest()).decode()}",
    "a fingerprint of ssh": f"SHA256:{base64.b64encode(hashlib.sha256(b'z').digest()).decode().rstrip('=')}",
    "an ssh key's public half": f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{drawn(43)} ana@laptop",
    "a certificate": f"-----BEGIN CERTIFICATE-----\n{CERTIFICATE}-----END CERTIFICATE-----",
    "a rule of a table": "-" * 5000 + "+" + "=" * 300,
}
GOES = {
    "a bare key": "⟦k9Xb2Qv7Lm4Rt8Wz1Yp6Nc3Hd5Js0Fg⟧",
    "an AWS secret nothing names": "⟦wJ9lrX4UtnFE+MI7K/MDENGbPx3RfiCYz2EXAM8K⟧",
    "a key of a kubeconfig": f"    client-key-data: ⟦LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBL{drawn(200)}⟧",
    "a value in JSON": '{"x": "⟦Zq8vT3nLk2Wp9Rb7Xc5Md1Hs6Jf4Gy0A⟧"}',
}


@pytest.mark.req(48)
@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS.keys())
def test_what_only_looks_random_stays(text: str) -> None:
    assert mask(text).text == text


@pytest.mark.req(48)
@pytest.mark.parametrize("text", GOES.values(), ids=GOES.keys())
def test_what_is_drawn_by_lot_goes_and_all_around_it_stays(text: str) -> None:
    before, _, rest = text.partition("⟦")
    secret, _, after = rest.partition("⟧")
    assert mask(before + secret + after).text == before + MASK + after


@pytest.mark.parametrize(("size", "share"), [(24, 0.85), (32, 0.94), (40, 0.97), (64, 0.99)])
def test_hardly_any_key_gets_through(size: int, share: float) -> None:
    found = [bool(list(key_like(drawn(size)))) for _ in range(1000)]
    assert sum(found) >= share * len(found)


WORDS = ["Order", "Service", "Http", "Client", "Factory", "Impl", "Queue", "Reader", "Cache"]
kinds = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda one: one.hex),
    st.binary(min_size=8, max_size=64).map(lambda some: some.hex()),
    st.binary(min_size=15, max_size=40).map(lambda some: base64.b32encode(some).decode()),
    st.tuples(st.from_regex(r"[a-z]{3,20}(-[a-z]{3,12})?", fullmatch=True), st.integers(0, 2**40)).map(
        lambda of: f"{of[0]}-{of[1]:x}-{uuid.UUID(int=of[1]).hex[-5:]}"
    ),
    st.datetimes().map(lambda at: at.isoformat()),
    st.lists(st.sampled_from(WORDS), min_size=4).map("".join),
)


@given(st.lists(kinds, max_size=20).map(" ".join))
def test_no_hash_uuid_pod_time_or_class_is_ever_taken_for_a_key(text: str) -> None:
    assert list(key_like(text)) == []
