"""The rule: a site lays its own tables over those built in, and every verdict of theirs says that it is the site's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fireline.core.guard import Tables, judge, table
from fireline.core.refusal import Refused
from fireline.shell import parse

ANAS = """
[[program]]
names = ["shopctl"]
flags = "--region="

[[program.row]]
sub = ["orders list"]
flags = "--since="

[[program.row]]
sub = ["orders cancel"]
effect = "destructive"

[[program]]
names = ["kubectl"]

[[program.row]]
sub = ["get secret", "get secrets"]
effect = "write"
why = "Here a secret is shown to two people or to nobody."

[[program.row]]
sub = ["rollout restart"]
effect = "read"
flags = "-n="
"""


def said(command: str, tables: Tables | None = None) -> tuple[str, str]:
    verdict = judge(command, parse=parse, tables=tables)
    return verdict.effect.value, verdict.rule


@pytest.mark.parametrize(
    ("command", "before", "after"),
    [
        ("shopctl orders list --since 1h --region=eu", ("unknown", "program"), ("read", "site:shopctl.orders.list")),
        ("shopctl orders cancel 7", ("unknown", "program"), ("destructive", "site:shopctl.orders.cancel")),
        ("shopctl orders list --all", ("unknown", "program"), ("unknown", "site:shopctl.orders.list")),
        ("shopctl", ("unknown", "program"), ("unknown", "site:shopctl")),
        ("kubectl get pods", ("read", "kubectl.get"), ("read", "kubectl.get")),
        ("kubectl get secret db", ("read", "kubectl.get"), ("write", "site:kubectl.get.secret")),
        ("kubectl get -o yaml -n shop secrets", ("read", "kubectl.get"), ("write", "site:kubectl.get.secrets")),
        ('kubectl get "$KIND" db', ("read", "kubectl.get"), ("unknown", "site:kubectl.get")),
        ("kubectl rollout restart deploy/web -n shop", ("destructive", "kubectl.rollout.restart"),
         ("read", "site:kubectl.rollout.restart")),
        ("kubectl delete pod x", ("destructive", "kubectl.delete"), ("destructive", "kubectl.delete")),
        ("aws s3 ls", ("read", "aws.s3.ls"), ("read", "aws.s3.ls")),
    ],
)  # fmt: skip
def test_a_row_of_the_site_counts_before_a_built_in_one(
    command: str, before: tuple[str, str], after: tuple[str, str]
) -> None:
    assert said(command) == before
    assert said(command, table.laid_over([("ana.toml", ANAS)])) == after
    assert said(command) == before  # nothing is left behind for whoever has no tables of his own


def test_of_two_files_the_later_counts() -> None:
    stricter = '[[program]]\nnames = ["shopctl"]\n[[program.row]]\nsub = ["orders list"]\neffect = "write"\n'
    both = table.laid_over([("ana.toml", ANAS), ("ben.toml", stricter)])
    assert said("shopctl orders list", both) == ("write", "site:shopctl.orders.list")
    assert said("shopctl orders cancel 7", both) == ("destructive", "site:shopctl.orders.cancel")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[program]", "ben.toml"),
        ('[[program]]\nnames = ["x"]\n[[program.row]]\neffect = "harmless"', "`$.program[0].row[0].effect`"),
        ('[[program]]\nnames = ["x"]\n[[program.row]]\nefect = "read"', "efect"),
        ('[[program]]\nnames = ["x"]\n[[program.row]]\npositional = "("', "ben.toml"),
        ('[[program]]\nnames = ["x"]\n[[program.row]]\ncheck = "psql"', "check"),
        ('[[programs]]\nnames = ["x"]', "programs"),
    ],
)
def test_a_broken_file_is_refused_by_name_and_key(text: str, says: str) -> None:
    with pytest.raises(Refused) as no:
        table.laid_over([("ben.toml", text)])
    assert "ben.toml" in no.value.sentence
    assert says in no.value.sentence


def test_the_table_of_the_page_says_what_the_guard_says() -> None:
    page = (Path(__file__).parents[3] / "docs" / "guard.md").read_text()
    rows = re.findall(r"^\| `(.+)` \| (\w+), (runs by itself|waits) \| (?:`(.+)` )?\|$", page, re.MULTILINE)
    assert len(rows) == 10
    for command, effect, runs, rewritten in rows:
        verdict = judge(command, parse=parse)
        said = (verdict.effect.value, "runs by itself" if verdict.unattended else "waits", verdict.rewritten or "")
        assert said == (effect, runs, rewritten), command


def test_the_first_example_of_the_page_is_a_table() -> None:
    page = (Path(__file__).parents[3] / "docs" / "guard.md").read_text()
    [example] = re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    tables = table.laid_over([("docs/guard.md", example)])
    assert said("etcdctl member list --cluster", tables) == ("read", "site:etcdctl.member.list")
    assert said("etcdctl member remove 7", tables) == ("destructive", "site:etcdctl.member.remove")


def test_the_example_of_the_page_does_what_the_page_says() -> None:
    page = (Path(__file__).parents[3] / "docs" / "guard.md").read_text()
    example = re.findall(r"^~~~toml\n(.*?)^~~~", page.partition("## How to overrule")[2], re.DOTALL | re.MULTILINE)[0]
    assert said("kubectl get secret db")[0] == "read"
    site = table.laid_over([("docs/guard.md", example)])
    assert said("shopctl orders list --since 1h", site) == ("read", "site:shopctl.orders.list")
    assert said("kubectl get secret db", site) == ("write", "site:kubectl.get.secret")
    assert said("kubectl get pods", site) == ("read", "kubectl.get")
