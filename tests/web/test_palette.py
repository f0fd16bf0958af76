"""The rule: the runbook's commands are one key away, go the ways all others go, and never with an open blank."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fireline import clock
from fireline.cli import main
from fireline.core import approval
from fireline.core.errand import Route
from fireline.core.palette import terminals
from fireline.core.runbook.match import Facts
from fireline.settings import Lanes, LaneSettings
from kube import Kube, story
from web.told import Told, served

PAGE = """# Till

## Till Down

**Alerts:** TillDown

**Diagnosis:**
```bash
# See which pods run
kubectl get pods -n prod
# See who is connected
psql -c "SELECT pid, state FROM pg_stat_activity"
```

**Resolution:**
1. Throw the pod away
   ```bash
   kubectl delete pod <failing-pod> -n prod
   ```

## Appendix

```bash
# Follow a log
kubectl logs -f <pod-name> -n prod

# Stop one session
psql -c "SELECT pg_cancel_backend(<PID>)"

# Go inside
kubectl exec -it <pod-name> -n prod -- /bin/sh

# Reach the database
kubectl port-forward svc/db 5432:5432 -n prod

# Describe a thing
kubectl describe <resource-type> <resource-name> -n prod

# Who uses how much
kubectl top nodes
```
"""
PRINTED = " pid  | state \n------+-------\n 4711 | idle\n 4712 | active\n(2 rows)\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "till.md").write_text(PAGE)
    return folder


@pytest.fixture
def till(shop: Path, tmp_path: Path, kube: Kube) -> Iterator[tuple[Told, int]]:
    """A house that reads the cluster, and its incident: the till is down."""
    lanes = Lanes(**{name: LaneSettings(environment=kube.environment(name)) for name in ("read", "write")})
    with served(tmp_path, shop, lanes=lanes) as told:
        found = told.house.library.find(Facts(name="TillDown", labels={}, annotations={}))
        deed = told.house.declare.deed(
            title="TillDown", text="", found=found, by="ana", source="alertmanager", service="till", values={}
        )
        yield told, told.house.ledger.open(deed).number


@pytest.mark.req(134)
def test_what_is_at_hand_is_found_chosen_and_goes_its_own_way(till: tuple[Told, int], kube: Kube) -> None:
    told, number = till
    pods = [one["metadata"]["name"] for one in story.pods(kube.production.cluster, "checkout", "prod")]
    path = f"/incidents/{number}"
    with told.browser() as ana:
        page = ana.get(f"{path}/palette").text
        titles = re.findall(r'<span class="grow">([^<]+)<small', page)
        assert titles[:6] == [
            "Follow a log", "Stop one session", "Go inside", "Reach the database", "Describe a thing",
            "Who uses how much",
        ]  # fmt: skip
        assert "See which pods run" in titles  # it only reads
        assert "Throw the pod away" not in titles  # it changes something, and stands in its way out
        one = ana.get(f"{path}/palette?text=top nodes", headers={"HX-Request": "true"}).text
        assert re.findall(r'<span class="grow">([^<]+)<small', one) == ["Who uses how much"]
        assert "<html" not in one
        step = dict(re.findall(r'name="(step|reason)" value="([^"]*)"', one))
        assert ana.post(f"{path}/approvals", data=step).status_code == 303  # one press, nothing to fill in
        last = approval.asks(told.house.ledger.log(number))[-1]
        assert (last.asked.command, last.granted) == ("kubectl top nodes", True)

        steps = dict(re.findall(r'href="[^"]*/choices/([^"]+)">.*?<span class="grow">([^<]+)<', page))
        keys = {title: key for key, title in steps.items()}
        form = ana.get(f"{path}/choices/{keys['Go inside']}").text
        assert re.findall(r'<option value="([^"]+)"', form) == pods
        nothing = ana.post(f"{path}/terminals", data={"step": keys["Go inside"]})
        assert nothing.status_code == 400
        given = {"step": keys["Go inside"], "value.pod_name": pods[0]}
        handed = ana.post(f"{path}/terminals", data=given)
        shown = ana.get(handed.headers["location"]).text
        typed = f"kubectl exec -it {pods[0]} -n prod -- /bin/sh"
        assert f'value="{typed}"' in shown
        assert "nothing of it is recorded" in shown
        assert [(one.by, one.command) for one in terminals(told.house.ledger.log(number))] == [("ana", typed)]
        assert "is not recorded: Go inside" in ana.get(path).text

        form = ana.get(f"{path}/choices/{keys['Describe a thing']}").text
        assert "Say first which resource type it is." in form
        form = ana.get(f"{path}/choices/{keys['Describe a thing']}?value.resource_type=deployment").text
        assert re.findall(r'<datalist id="offer-resource_name">(.*?)</datalist>', form)[0].count("checkout") == 1

        tunnel = {"step": keys["Reach the database"], "reason": "to see the locks"}
        assert ana.post(f"{path}/approvals", data=tunnel).status_code == 303
        asked = approval.asks(told.house.ledger.log(number))[-1]
        assert (asked.asked.command, asked.waiting(clock.now())) == (
            "kubectl port-forward svc/db 5432:5432 -n prod", True,
        )  # fmt: skip


@pytest.mark.req(134)
def test_sessions_that_nobody_can_list_now_are_those_an_earlier_step_printed(till: tuple[Told, int]) -> None:
    told, number = till
    [book] = told.house.library.runbooks
    looked = next(one for one in book.commands if "SELECT pid, state" in one.text)
    stops = next(one for one in book.commands if "pg_cancel_backend" in one.text)
    told.run(number, f"{number}.{looked.key}", "See who is connected", looked.text, PRINTED, step=looked.key)
    form = told.house.palette.form(told.house.ledger.read(number), stops.key, {})
    assert form.offered["pid"].offered == (("4711", "idle"), ("4712", "active"))
    assert form.offered["pid"].source.startswith(f"as line {looked.line} printed it at ")
    assert (form.text, form.why) == ("", "Say what <PID> is (a whole number).")
    away = replace(told.house.palette, route=lambda _now, _lane: Route("eu"))  # into another cluster than ours
    inside = next(one for one in book.commands if "kubectl exec" in one.text)
    elsewhere = away.form(told.house.ledger.read(number), inside.key, {}).offered["pod_name"]
    assert elsewhere.names == ()
    assert "the runner eu" in elsewhere.why
    crooked = told.house.palette.form(told.house.ledger.read(number), stops.key, {"pid": "1 OR 1=1"})
    assert crooked.text == ""
    assert "has to be a whole number" in crooked.why


@pytest.mark.req(134)
def test_a_terminal_and_the_api_offer_the_same(
    till: tuple[Told, int], kube: Kube, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told, number = till
    monkeypatch.setenv("FIRELINE_URL", told.url)
    monkeypatch.setenv("FIRELINE_TOKEN", told.house.accounts.token("ana", "api", clock.now()))

    def says(*words: str, status: int = 0) -> str:
        with pytest.raises(SystemExit) as end:
            main(["palette", words[0], str(number), *words[1:]])
        heard = capsys.readouterr()
        assert end.value.code == status, heard
        return heard.err if status else heard.out

    pod = story.pods(kube.production.cluster, "checkout", "prod")[0]["metadata"]["name"]
    listed = {one["title"]: one for one in json.loads(says("list", "--json"))["actions"]}
    assert {title: one["way"] for title, one in listed.items()} == {
        "Follow a log": "look", "Go inside": "terminal", "Reach the database": "tunnel", "Describe a thing": "look",
        "Who uses how much": "look", "Stop one session": "ask", "See which pods run": "look",
        "See who is connected": "look",
    }  # fmt: skip
    follow, inside = listed["Follow a log"]["step"], listed["Go inside"]["step"]
    open_ = json.loads(says("show", follow, "--json"))
    assert (open_["command"], open_["argv"]) == ("", [])
    assert pod in {one["value"] for one in open_["blanks"][0]["choices"]}
    filled = json.loads(says("show", follow, "--value", f"pod_name={pod}", "--json"))
    assert filled["argv"] == ["kubectl", "logs", "--tail=1000", pod, "-n", "prod"]
    assert "Say what <pod-name> is" in says("run", follow, status=1)
    assert "runs now" in says("run", follow, "--value", f"pod_name={pod}")
    assert says("run", inside, "--value", f"pod_name={pod}").strip() == f"kubectl exec -it {pod} -n prod -- /bin/sh"
    assert "a value may not start with a dash" in says("run", inside, "--value", "pod_name=--help", status=1)
    assert [one.by for one in terminals(told.house.ledger.log(number))] == ["ana"]


@pytest.mark.req(134)
def test_every_command_of_the_seeds_appendix_is_built_word_for_word(shared: Path, tmp_path: Path) -> None:
    values = {"pod_name": "marketing-1", "resource_type": "pod", "resource_name": "marketing-1"}
    (page,) = shared.glob("seed/*.md")
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "seed.md").write_bytes(page.read_bytes())
    with served(tmp_path, tmp_path / "books") as told:
        [book] = told.house.library.runbooks
        found = told.house.library.find(Facts(name="RedisDown", labels={}, annotations={}))
        declared = told.house.declare.deed(
            title="Redis is down", text="", found=found, by="ana", source="person", service="redis", values={}
        )
        now = told.house.ledger.open(declared)
        appendix = [one for one in told.house.palette.actions(now) if one.group == "At hand"]
        built = [told.house.palette.form(now, one.step, values) for one in appendix]
        assert len(built) == 7
        for one in built:
            filled = re.sub(r"<([\w-]+)>", lambda blank: values[blank[1].replace("-", "_")], one.command.text)
            written = tuple(shlex.split(filled))
            if one.action.way == "terminal":
                handed = told.house.palette.hand_out(now.number, one.action.step, values=values, by="ana")
                assert tuple(handed.command.split()) == written
            elif "-f" in written:  # a log that never ends is read as far as it goes
                assert one.argv == ("kubectl", "logs", "--tail=1000", "marketing-1", *written[-2:])
            else:
                assert one.argv == written
        ways = [one.action.way for one in built]
        assert ways == ["look", "terminal", "tunnel", "look", "look", "look", "look"]
        assert book.title
