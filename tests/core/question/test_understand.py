"""Nothing is guessed: a command is asked warmly when every word of it is known, else it runs as a process."""

from __future__ import annotations

import pytest

from fireline.core.question import curl, nc, psql, redis_cli, simple
from fireline.core.question.inside import Inside, named, taken_apart
from fireline.core.question.psql import Psql
from fireline.shell import parse

LANE = {"PATH": "/usr/bin", "LANG": "C.UTF-8"}


def words(command: str) -> tuple[str, ...]:
    found = simple(parse(command))
    assert found is not None
    return found


def sql(command: str, **environment: str) -> Psql | None:
    return psql.understand(words(command), LANE | environment)


def test_the_words_are_those_that_the_shell_would_hand_over() -> None:
    assert words("""psql -c "SELECT 'it''s'" 'a b'  c\\ d""") == ("psql", "-c", "SELECT 'it''s'", "a b", "c d")
    assert words("kubectl exec deploy/pg -- \\\n  psql -c 'SELECT 1'")[-1] == "SELECT 1"


@pytest.mark.parametrize(
    "command",
    [
        "psql -c 'SELECT 1' | head",
        "psql -c 'SELECT 1' && echo yes",
        "psql -c 'SELECT 1'; true",
        "psql -c 'SELECT 1' > /tmp/x",
        "psql -c 'SELECT 1' &",
        'psql -c "SELECT $ID"',
        'psql -c "$(cat q)"',
        "PGHOST=db psql -c 'SELECT 1'",
        "! psql -c 'SELECT 1'",
        "(psql -c 'SELECT 1')",
        "curl https://shop/*.html",
        "curl https://shop/{a,b}",
        "redis-cli get ~/x",
        "cat <<EOF\nx\nEOF",
        "psql -c 'SELECT",
        "",
    ],
)
def test_a_text_that_is_more_than_one_plain_program_is_left_to_the_shell(command: str) -> None:
    assert simple(parse(command)) is None


def test_psql_knows_where_to_and_as_whom_from_the_command_and_then_from_the_lane() -> None:
    found = sql("psql -h db01 -U ana -tA -F , shop -c 'SELECT 1' -c 'SHOW all'", PGHOST="other", PGPASSWORD="x")
    assert found is not None
    assert found.given == {"host": "db01", "user": "ana", "dbname": "shop"}
    assert found.lane == {"host": "other", "password": "x"}
    assert found.texts == ("SELECT 1", "SHOW all")
    assert (found.layout.aligned, found.layout.bare, found.layout.separator) == (False, True, ",")


def test_a_connection_string_is_kept_whole() -> None:
    found = sql("psql postgresql://ana@db01/shop -c 'SELECT 1'")
    assert found is not None
    assert found.dsn == "postgresql://ana@db01/shop"
    assert "dbname" not in found.given


@pytest.mark.parametrize(
    "command",
    [
        "psql",
        "psql -l",
        "psql -f script.sql",
        "psql -c '\\dt'",
        "psql -x -c 'SELECT 1'",
        "psql -W -c 'SELECT 1'",
        "psql -v name=1 -c 'SELECT 1'",
        "psql -P format=html -c 'SELECT 1'",
        "psql -c 'SELECT 1' --no-such-flag",
        "psql -c 'SET statement_timeout = 0'",
        "psql -c 'BEGIN'",
        "psql -c 'COPY t TO STDOUT'",
        "psql -c 'DELETE FROM t'",
        "psql -c 'SELEKT'",
        "psql -c ''",
        "psql service=shop -c 'SELECT 1'",
        "psql one two three -c 'SELECT 1'",
    ],
)
def test_psql_is_asked_warmly_only_for_statements_that_leave_no_trace_in_a_session(command: str) -> None:
    assert sql(command) is None


def test_a_variable_that_only_psql_makes_sense_of_is_left_to_psql() -> None:
    assert sql("psql -c 'SELECT 1'", PGSERVICE="shop") is None
    assert sql("psql -c 'SELECT 1'", PSQLRC="/tmp/x") is None
    assert sql("psql -c 'SELECT 1'", PGAPPNAME="runbook") is not None


def test_the_address_of_the_settings_decides_who_asks_not_the_command() -> None:
    found = sql("psql -U akaind -d billing -h localhost -c 'SELECT 1'")
    assert found is not None
    direct = psql.directly(found, "postgresql://reader@db01/akaind")
    assert direct is not None
    assert (direct.dsn, dict(direct.given)) == ("postgresql://reader@db01/akaind", {"dbname": "billing"})
    elsewhere = sql("psql -h replica -c 'SELECT 1'")
    assert elsewhere is not None
    assert psql.directly(elsewhere, "postgresql://reader@db01/akaind") is None


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("redis-cli ping", "PING"),
        ("redis-cli -h cache -p 6380 -n 2 INFO memory", "INFO"),
        ("redis-cli config get maxmemory", "CONFIG-GET"),
        ("redis-cli --raw SLOWLOG GET 10", "SLOWLOG-GET"),
        ("redis-cli CLIENT LIST", "CLIENT-LIST"),
        ("redis-cli memory stats", "MEMORY-STATS"),
        ("redis-cli get -h", "GET"),
    ],
)
def test_redis_cli_is_asked_warmly_for_what_incidents_ask(command: str, name: str) -> None:
    found = redis_cli.understand(words(command), LANE)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "command",
    [
        "redis-cli",
        "redis-cli --stat",
        "redis-cli --bigkeys",
        "redis-cli monitor",
        "redis-cli 5 ping",
        "redis-cli config set maxmemory 1",
        "redis-cli config",
        "redis-cli flushall",
        "redis-cli --json info",
        "redis-cli --tls ping",
        "redis-cli -s /tmp/redis.sock ping",
        "redis-cli -u rediss://cache ping",
        "redis-cli -p http ping",
        "redis-cli -hcache ping",
        "redis-cli slowlog reset",
    ],
)
def test_redis_cli_is_left_alone_with_everything_else(command: str) -> None:
    assert redis_cli.understand(words(command), LANE) is None


def test_the_lane_s_password_is_used_where_the_command_has_none() -> None:
    own = redis_cli.understand(words("redis-cli -a one ping"), LANE | {"REDISCLI_AUTH": "two"})
    lane = redis_cli.understand(words("redis-cli ping"), LANE | {"REDISCLI_AUTH": "two"})
    assert own is not None
    assert lane is not None
    assert (own.password, lane.password) == ("one", "two")
    assert redis_cli.directly(lane, "redis://:three@cache/0") == redis_cli.RedisCli(
        ("ping",), url="redis://:three@cache/0"
    )


@pytest.mark.parametrize(
    "command",
    [
        "curl -I https://shop.example",
        "curl -f https://shop.example/health",
        "curl --max-time 10 -fsS -o /dev/null -w '%{http_code} %{time_total}\\n' https://shop.example/health",
        "curl -sSL -k shop.example:8080/health",
        "curl -H 'Accept: application/json' -A probe -X GET http://shop.example/",
        "curl -X HEAD -I --connect-timeout 2 http://shop.example/",
    ],
)
def test_curl_is_asked_warmly_for_a_look_at_one_address(command: str) -> None:
    assert curl.understand(words(command), LANE) is not None


@pytest.mark.parametrize(
    "command",
    [
        "curl",
        "curl https://a.example https://b.example",
        "curl -d x https://shop.example",
        "curl -X POST https://shop.example",
        "curl -X HEAD https://shop.example",
        "curl -T file https://shop.example",
        "curl -o page.html https://shop.example",
        "curl -v https://shop.example",
        "curl -K config https://shop.example",
        "curl --proxy http://p https://shop.example",
        "curl -H @file https://shop.example",
        "curl -H 'Host: other' https://shop.example",
        "curl -w '%{time_namelookup}' https://shop.example",
        "curl -w @format https://shop.example",
        "curl -m soon https://shop.example",
        "curl file:///etc/passwd",
        "curl ftp.shop.example",
        "curl 'https://shop.example/[1-9]'",
        "curl https://ana:secret@shop.example",
        "curl https://shop.example/a/../b",
        "curl http://shop.example:99999/",
    ],
)
def test_curl_keeps_whatever_sends_saves_or_is_read_differently(command: str) -> None:
    assert curl.understand(words(command), LANE) is None


def test_a_proxy_of_the_lane_is_curl_s_to_go_through() -> None:
    assert curl.understand(words("curl -I https://shop.example"), LANE | {"https_proxy": "http://p:3128"}) is None


def test_nc_is_asked_warmly_when_it_sends_nothing() -> None:
    found = nc.understand(words("nc -zv -w 3 db01 5432"), LANE)
    assert found == nc.Nc("db01", 5432, seconds=3.0, verbose=True)
    for command in (
        "nc db01 5432",
        "nc -l 5432",
        "nc -zu db01 53",
        "nc -zv db01 1-1024",
        "nc -zv db01",
        "nc -zv db 99999",
    ):
        assert nc.understand(words(command), LANE) is None


def test_the_same_container_is_known_by_each_way_to_name_it() -> None:
    place = Inside("deploy/postgres", "shop")
    for command in (
        "kubectl exec -it deploy/postgres -n shop -- psql -c 'SELECT 1'",
        "kubectl exec deployment/postgres --namespace=shop -- psql -c 'SELECT 1'",
        "kubectl -n shop exec deployments.apps/postgres -i -- psql -c 'SELECT 1'",
    ):
        assert taken_apart(words(command)) == (place, ("psql", "-c", "SELECT 1"))
    assert named("deploy/postgres -n shop") == place
    assert named("postgres-0 -n shop -c db") == Inside("pod/postgres-0", "shop", "db")


@pytest.mark.parametrize(
    "command",
    [
        "kubectl get pods",
        "kubectl exec deploy/postgres -n shop",
        "kubectl exec deploy/postgres -n shop --",
        "kubectl exec deploy/postgres --kubeconfig x -- psql",
        "kubectl exec deploy/postgres other -- psql",
        "kubectl logs deploy/postgres -- psql",
    ],
)
def test_another_kubectl_goes_into_no_container_that_settings_name(command: str) -> None:
    assert taken_apart(words(command)) is None
