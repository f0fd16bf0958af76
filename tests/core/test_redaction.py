"""Secrets are masked by shape and by name; innocent text is left as it stands; the cost is linear."""

from __future__ import annotations

import base64
import string
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fireline.core.redaction import MASK, mask, secret_values, spans

A = string.ascii_letters + string.digits  # made up below, so that no scanner takes them for real ones
KEY_BODY = "\n".join(base64.b64encode(bytes(range(n, n + 48))).decode() for n in range(0, 96, 16))
PRIVATE_KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_BODY}\n-----END RSA PRIVATE KEY-----"
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJ{A[:20]}.{A[:43]}"

# Each: the text with the secret between ⟦ and ⟧.
SECRETS = {
    "a bearer header": "> Authorization: Bearer ⟦mF_9.B5f-4.1JqM⟧",
    "a basic header": "Authorization: Basic ⟦QWxhZGRpbjpvcGVuIHNlc2FtZQ==⟧",
    "a PagerDuty REST header": f"authorization: Token ⟦token={A[:20]}⟧",
    "a Statuspage header": 'curl -H "Authorization: OAuth ⟦89a229ce1a8d⟧" https://api.statuspage.io',
    "a header as JSON": '{"Authorization": "Bearer ⟦abc⟧", "Accept": "*/*"}',
    "a bearer token in a log": f"retrying with bearer ⟦{A[:10]}0{A[:12]}⟧",
    "an API key header": "x-api-key: ⟦5d8f0c⟧",
    "a cookie": "< Set-Cookie: ⟦session=8f3a; HttpOnly⟧",
    "a database URL": "postgres://shop:⟦s3cr3t⟧@db.internal:5432/shop",
    "a Redis URL without a user": "redis://:⟦hunter2⟧@cache:6379/0",
    "a URL password with an at sign": "amqp://shop:⟦p@ss⟧@queue/",
    "a query parameter": "GET /health?token=⟦abc123⟧&verbose=1",
    "an environment line with spaces": "DB_PASSWORD=⟦correct horse battery⟧",
    "an exported variable": "export REDIS_PASSWORD=⟦hunter2⟧",
    "a libpq connection string": "host=db password=⟦hunter2⟧ user=ana",
    "an ODBC connection string": "Server=db;Uid=ana;Pwd=⟦hunter2⟧;Encrypt=yes",
    "a JSON member": '{"user": "ana", "password": "⟦hunter2⟧"}',
    "a JSON member with a quote in it": r'{"password": "⟦hun\"ter2⟧", "user": "ana"}',
    "JSON inside JSON": r'{"msg":"{\"api_key\":\"⟦hunter2⟧\"}"}',
    "a YAML line": "  password: ⟦correct horse⟧",
    "a YAML block": "password: |\n  ⟦one\n  two⟧\nuser: ana\n",
    "a Kubernetes env list": "- name: DB_PASSWORD\n  value: ⟦hunter2⟧\n- name: PORT\n  value: '80'\n",
    "a Kubernetes env list as JSON": '{"name": "API_TOKEN", "value": "⟦hunter2⟧"}',
    "a flag": "mysql --user ana --password ⟦hunter2⟧ --host db",
    "an AWS key id": f"⟦AKIA{A[26:42].upper()}⟧",
    "an AWS secret key": f"aws_secret_access_key = ⟦{A[:40]}⟧",
    "a GitHub token": f"remote: ⟦ghp_{A[:36]}⟧",
    "a fine-grained GitHub token": f"⟦github_pat_{A[:22]}_{A[:40]}⟧",
    "a Slack bot token": f"using ⟦xoxb-{'1' * 12}-{A[:24]}⟧",
    "a Slack webhook": f"https://hooks.slack.com/services/⟦T{'0' * 8}/B{'0' * 8}/{A[:24]}⟧",
    "a Stripe key": f"⟦sk_live_{A[:24]}⟧",
    "a PagerDuty OAuth token": f"⟦pdus+_0XBP{A[:20]}⟧",
    "a PagerDuty routing key": f'"routing_key": "⟦{A[:32]}⟧"',
    "a JWT": f"got ⟦{JWT}⟧ back",
    "a private key": f"before\n⟦{PRIVATE_KEY}⟧\nafter",
    "an OpenSSH key": "⟦-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END OPENSSH PRIVATE KEY-----⟧",
    "a key as a JSON string": r'"key": "⟦-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----⟧\n"',
    "a key that lost its end": f"⟦-----BEGIN PRIVATE KEY-----\n{KEY_BODY}⟧\nexit 1",
    "a key that lost its beginning": f"⟦{KEY_BODY}\n-----END PRIVATE KEY-----⟧\nexit 1",
    "redis.conf": "requirepass ⟦hunter2⟧",
    "an answer to CONFIG GET": '1) "requirepass"\n2) "⟦hunter2⟧"\n',
    "a raw answer to CONFIG GET": "requirepass\n⟦hunter2⟧\n",
    "AUTH": "127.0.0.1:6379> AUTH default ⟦hunter2⟧",
    "MONITOR": '1700000000.1 [0 10.0.0.9:55] "AUTH" "default" "⟦hunter2⟧"',
    "a Redis ACL rule": "user shop on >⟦hunter2⟧ ~* &* +@read",
    "redis-cli -a": "+ redis-cli -h cache -a ⟦hunter2⟧ INFO",
    "a .pgpass line": "db.internal:5432:shop:ana:⟦hunter2⟧",
    "a Kubernetes Secret": "apiVersion: v1\ndata:\n  x: ⟦aHVudGVyMg==⟧\nkind: Secret\nmetadata:\n  name: shop\n",
    "a Kubernetes Secret as JSON": '{"data": {"x": "⟦aHVudGVyMg==⟧"}, "kind": "Secret"}',
}

INNOCENT = (
    "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    "550e8400-e29b-41d4-a716-446655440000",
    "NAME                     READY   STATUS    RESTARTS   AGE\napi-7d9c9b8f6d-x2x9z     1/1     Running   0  3d",
    "image: registry.example.com/shop/api@sha256:" + "a1b2" * 16,
    "secretName: shop-tls\nsecretKeyRef:\n  name: shop\n  key: password\n",
    "tokenExpirationSeconds: 3600\nmax_tokens=512\nautomountServiceAccountToken: true",
    "parse error: invalid token: unexpected end",
    "Password: \nREDIS_PASSWORD=\npassword: null",
    "password:  16 bytes",
    "      DB_PASSWORD:  <set to the key 'password' in secret 'shop'>  Optional: false",
    "psql postgres://ana@db/shop, https://example.com:8443/a@b",
    'PGPASSWORD=$DB_PASSWORD api_key: "${KEY}" token={{ token }} --password <password>',
    "PWD=/srv/shop\nOLDPWD=/\nPATH=/usr/bin",
    "AUTH failed: WRONGPASS invalid username-password pair or user is disabled.",
    "no bearer authentication-was-ever-asked-for here",
    "kind: ConfigMap\ndata:\n  colour: blue\n",
    "2026-05-01T10:00:00Z level=info key=checkout:cart:42 pass=3 status=200 took=12ms",
    "aa:bb:cc:dd:ee:ff 2001:db8:85a3:0:0:8a2e:370:7334 10.0.0.1:5432",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
)


@pytest.mark.req(48)
@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS.keys())
def test_the_secret_goes_and_all_around_it_stays(text: str) -> None:
    before, _, rest = text.partition("⟦")
    secret, _, after = rest.partition("⟧")
    found = mask(before + secret + after)
    assert found.text == before + MASK + after
    assert found.count == 1
    assert mask(found.text).text == found.text


@pytest.mark.req(48)
@pytest.mark.parametrize("text", INNOCENT)
def test_innocent_text_is_left_as_it_stands(text: str) -> None:
    assert mask(text).text == text
    assert mask(text).count == 0


def test_each_secret_is_counted() -> None:
    found = mask("password=one\npassword=two\nhost=db\n" + PRIVATE_KEY)
    assert found.text == f"password={MASK}\npassword={MASK}\nhost=db\n{MASK}"
    assert found.count == 3


def test_what_the_house_handed_out_is_masked_wherever_it_turns_up() -> None:
    environment = {"PGPASSWORD": "hunter2!", "DSN": "redis://:s3cr3ts@cache", "HOME": "/srv", "PIN_TOKEN": "abc"}
    known = secret_values(environment)
    assert set(known) == {"hunter2!", "s3cr3ts"}  # three letters would black out half of every log
    assert mask("I am hunter2! and s3cr3ts, abc", known).text == f"I am {MASK} and {MASK}, abc"


WORDS = "password token secret PASS authorization user a1 hunter2 eyJabcdefgh name value requirepass data: -- ://"
MARKS = ("Bearer ", "AUTH ", " -a ", "kind: Secret", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----")
pieces = st.sampled_from([*"\"'\\ \n\t:=,;&@/{}[]()<>|-.#$*é\x00", *WORDS.split(), *MARKS, KEY_BODY[:64], MASK])


@given(st.lists(pieces, max_size=40).map("".join))
@settings(max_examples=1500, deadline=None)
def test_spans_are_in_order_and_the_rest_of_the_text_survives(text: str) -> None:
    found = spans(text)
    assert all(0 <= a < b <= len(text) for a, b in found)
    assert all(b < c for (_, b), (c, _) in pairwise(found))
    kept = [text[b:c] for b, c in zip([0, *(b for _, b in found)], [*(a for a, _ in found), len(text)], strict=True)]
    assert mask(text).text == MASK.join(kept)


lines = st.sampled_from([text.replace("⟦", "").replace("⟧", "") for text in SECRETS.values()] + list(INNOCENT))


@given(st.lists(lines, max_size=12).map("\n".join))
@settings(max_examples=300, deadline=None)
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask(text).text
    assert mask(once).text == once


FLOODS = (
    *("a", " ", "\n", '"', "\\", ":", "1", "-", "a.b:", "eyJ", "://", "://a:", "password", "password=", "bearer a"),
    *('password="', "authorization: ", "redis-cli ", "requirepass ", "name: x ", "--password ", "cookie:"),
    *("AUTH ", "a>AUTH a ", "user a on ", "  data:\n", "kind: Secret\ndata:\n  a: b\n", " password: |\n"),
    *("-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n", KEY_BODY + "\n", "password=&,;", "${", "{{"),
    *("password=<", "password={{", "a:5432:", "xoxb-", "sk-", "hv", "@", "data:{", '"data":{', "A=", "a: "),
)


@pytest.mark.parametrize("piece", FLOODS)
def test_no_text_makes_masking_slow(piece: str) -> None:
    def cost(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        begun = time.process_time()
        mask(text)
        return time.process_time() - begun

    assert cost(1 << 17) < 10 * max(cost(1 << 14), 0.01) + 0.3  # eight times the text; a square would take 64 times
