"""The rule: everything on a page can be found again in an editor, by file, line and column."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from fireline.core.runbook import Runbook
from fireline.core.runbook.lint import lint
from fireline.core.runbook.place import place_of, place_of_blank

Read = Callable[[str], Runbook]

PAGE = """# Till

- **P0**: shop gone, 5 min
  - **P2**: typo, 1 hour

See [the pot](pot.md) and âœ….

1. Look

   ```console
   $ kubectl logs <pod> \\
   >   -n <namespace>
   ```

**Next Review:** soon
"""


def test_a_command_and_each_of_its_blanks_have_a_column_even_behind_prompts(read: Read) -> None:
    page = read(PAGE)
    (command,) = page.commands
    lines = PAGE.split("\n")
    assert str(place_of(page, command)) == "page.md:11:6"
    for blank in command.placeholders:
        at = place_of_blank(page, command, blank)
        assert lines[at.line - 1][at.column - 1 :].startswith(blank.written)
    assert [place_of_blank(page, command, p).line for p in command.placeholders] == [11, 12]


def test_each_finding_has_the_column_of_what_it_is_about(read: Read) -> None:
    page = read(PAGE)
    found = {f.code: (f.line, f.column) for f in lint(page, exists=lambda _: False, today=date(2026, 11, 23))}
    lines = PAGE.split("\n")
    assert lines[5][found["dead-link"][1] - 1 :].startswith("pot.md")
    assert lines[5][found["mojibake"][1] - 1 :].startswith("âœ…")
    assert lines[14][found["review-unreadable"][1] - 1 :] == "soon"
    assert found["severity-hole"] == (3, 1)


def test_headings_boxes_and_rows_stand_at_their_first_character(read: Read) -> None:
    page = read("# T\n\n## Checks\n\n- a\n  - [ ] box\n\n  ```bash\n  df -h || echo x\n  ```\n")
    assert place_of(page, page.checklists[0].items[0]).column == 3
    assert [(f.line, f.column) for f in lint(page) if f.code == "hides-failure"] == [(9, 3)]
