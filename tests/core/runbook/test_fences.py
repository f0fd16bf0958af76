"""What a shell would run is a command; what a terminal printed, a comment alone, or a template is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fireline.core.runbook import Runbook

Read = Callable[[str], Runbook]


def texts(runbook: Runbook) -> list[str]:
    return [c.text for c in runbook.commands]


def test_a_loop_a_pipe_and_a_here_document_are_one_command_each(read: Read) -> None:
    page = read(
        "```bash\nfor s in a b; do\n  curl $s\ndone\nps aux | grep x\n"
        "cat <<EOF | sort\n# one\ntwo\nEOF\nls \\\n  -l\n```\n"
    )
    assert texts(page) == [
        "for s in a b; do\n  curl $s\ndone",
        "ps aux | grep x",
        "cat <<EOF | sort\n# one\ntwo\nEOF",
        "ls \\\n  -l",
    ]
    assert [c.line for c in page.commands] == [2, 5, 6, 10]


def test_two_commands_on_one_line_have_two_keys_and_columns(read: Read) -> None:
    page = read("```sh\ndf -h; du -s /var\n```\n")
    assert [(c.key, c.text, c.column) for c in page.commands] == [("c2", "df -h", 1), ("c2.2", "du -s /var", 8)]


def test_the_comment_above_is_the_title_and_its_number_the_step(read: Read) -> None:
    page = read(
        "```bash\n# 2. Look at pods\nkubectl get pods -n shop\n\n"
        "# 3. Call somebody\n# - or write\n\nls # the files\n```\n"
    )
    assert [(c.title, c.step) for c in page.commands] == [("Look at pods", "2"), ("the files", None)]
    assert [(m.title, m.step, m.text) for m in page.manual_steps] == [("Call somebody: or write", "3", "")]


@pytest.mark.parametrize(
    "typed", ["$ df -h", "% df -h", "ben@web-1:~$ df -h", "[root@web-1 ~]# df -h", "sh-5.1# df -h"]
)
def test_prompts_are_taken_off_and_what_was_printed_is_no_command(read: Read, typed: str) -> None:
    page = read(f"```console\n{typed}\nFilesystem Size Used\nls: cannot access\n```\n")
    assert texts(page) == ["df -h"]


def test_a_typed_command_goes_on_after_a_backslash_or_an_open_quote(read: Read) -> None:
    page = read("```\n$ kubectl get pods \\\n>   -n shop\nNAME READY\n$ psql -c 'SELECT 1\n> FROM t'\n 1\n```\n")
    assert texts(page) == ["kubectl get pods \\\n  -n shop", "psql -c 'SELECT 1\nFROM t'"]


def test_without_a_language_only_known_programs_count(read: Read) -> None:
    page = read("```\nkubectl get pods -n shop\nNAME   READY\nweb-1  1/1\n```\n\n```\nStatus: all is well\n```\n")
    assert texts(page) == ["kubectl get pods -n shop"]


def test_a_block_in_a_list_is_dedented_and_keeps_its_lines(read: Read) -> None:
    page = read("1. Do it\n\n   ```bash\n   # Say hello\n   echo 'a\n     b'\n   ```\n")
    (command,) = page.commands
    assert (command.text, command.line, command.column, command.title) == ("echo 'a\n  b'", 5, 4, "Say hello")


def test_a_block_no_shell_can_read_is_told_and_gives_only_what_is_surely_a_command(read: Read) -> None:
    page = read("```bash\nfrobnicate (x y\nkubectl get pods -n shop\n```\n")
    assert texts(page) == ["kubectl get pods -n shop"]
    assert [(f.code, f.line) for f in page.findings] == [("shell-syntax", 2)]


def test_sample_output_under_its_own_words_is_no_command(read: Read) -> None:
    page = read("Example output:\n\n```bash\ndefault_runtime = 1\n```\n")
    assert (texts(page), [(f.code, f.line) for f in page.findings]) == ([], [("printed-output", 3)])
    assert read("Example output:\n\n```\ndf -h\n```\n").findings == ()


def test_commands_in_the_running_text_count_but_not_in_tables(read: Read) -> None:
    page = read(
        "- Look with `kubectl get pods -n shop`.\n\n"
        "| a | b |\n|---|---|\n| x | `kubectl top pods` |\n\nSee `kubectl`.\n"
    )
    assert texts(page) == ["kubectl get pods -n shop"]
    assert page.commands[0].title == "Look with"


@pytest.mark.parametrize(
    "said",
    [
        "kubectl delete pod",
        "oc logs",
        "kubectl describe pod ...",
        "kubectl apply/create/delete",
        "helm upgrade",
        "gcloud beta",
        "kubectl rollout",
    ],
)
def test_a_command_that_is_only_talked_about_is_none(read: Read, said: str) -> None:
    assert texts(read(f"Then `{said}` hangs.\n")) == []


@pytest.mark.parametrize(
    "typed",
    [
        "kubectl get pods",
        "kubectl describe nodes",
        "kubectl delete pod/till-1",
        "kubectl delete pods -l app=till",
        "oc whoami",
        "git status",
        "docker ps",
        "oc -n shop get pods",
        "kubectl apply -f till.yaml",
        "systemctl restart till",
    ],
)
def test_a_command_that_is_whole_counts(read: Read, typed: str) -> None:
    assert texts(read(f"Then `{typed}`.\n")) == [typed]


def test_the_last_sentence_above_a_block_names_its_commands_however_it_is_wrapped(read: Read) -> None:
    page = read("Something is wrong. Ask every till\nof the\nshop:\n\n```bash\nkubectl get pods -n shop\n```\n")
    assert page.commands[0].title == "Ask every till of the shop"


def test_nothing_in_a_template_is_structure(read: Read) -> None:
    page = read("## Post-Mortem Template\n\n```markdown\n# Title\n- [ ] box\n### P0 - Bad\n[a](b.md)\n```\n")
    assert (page.checklists, page.severities, page.links) == ((), (), ())
    assert [t.kind for t in page.templates] == ["review"]


def test_what_a_command_relies_on_goes_with_it(read: Read) -> None:
    page = read(
        "```bash\nexport KUBECONFIG=/k\nPOD=$(kubectl get pod -n <ns> -o name)\nkubectl logs -n <ns> $POD\n```\n"
    )
    logs = page.commands[2]
    assert [b.text for b in logs.bindings] == ["export KUBECONFIG=/k", "POD=$(kubectl get pod -n <ns> -o name)"]
    assert [p.name for p in logs.placeholders] == ["ns"]
    assert logs.judged.endswith("kubectl logs -n x $POD")


def test_mojibake_in_a_command_is_left_alone(read: Read) -> None:
    page = read("It is âœ… here.\n\n```bash\ngrep 'âœ…' log\n```\n")
    assert texts(page) == ["grep 'âœ…' log"]
    assert [f.line for f in page.findings] == [1]


def test_a_printed_table_or_a_manifest_is_no_command_whatever_the_fence_says(read: Read) -> None:
    assert texts(read("```bash\nkubectl get pods -n shop\nNAME     READY    AGE\nweb-1    1/1      2d\n```\n")) == [
        "kubectl get pods -n shop"
    ]
    assert texts(read("```bash\napiVersion: v1\nkind: Pod\n```\n")) == []
