"""How fast pages become programs: reading a page, and judging all commands of one, cold and from cache.

    python bench/runbooks.py                  # the project's own pages: examples and docs
    python bench/runbooks.py FOLDER           # every Markdown file below a folder

Reading is timed without the shell parser, whose answers are asked for beforehand and remembered; compiling is
reading, splitting and judging one page of 40 commands, first with nothing remembered, so that shfmt is started for
each new text, then again. What starts no process is told in processor time, so that a busy machine does not count.
Exit code 1 when a median page takes 5 ms or more, the cold compile 0.5 s or more, or the
one from cache 20 ms or more.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

from fireline import shell
from fireline.core.guard import table
from fireline.core.runbook import parse
from fireline.workflows.library import verdict

PAGE_MS = 5.0
COLD_MS = 500.0
CACHED_MS = 20.0
ROUNDS = 5  # the least disturbed counts
ROOT = Path(__file__).parents[1]
COMMANDS = 40
# Four kinds of command that runbooks are made of, each with its own names, so that nothing is read twice.
KINDS = (
    "kubectl get pods -n shop{n} -l app=checkout{n} -o wide",
    'psql -h db{n} -c "SELECT count(*) FROM pg_stat_activity WHERE pid > {n}"',
    "redis-cli -h cache{n} info memory | grep used_memory_human",
    "kubectl rollout restart deployment/checkout{n} -n shop",
)


def milliseconds(work: Callable[[], object], clock: Callable[[], float] = perf_counter) -> float:
    """How long one call takes."""
    start = clock()
    work()
    return 1000 * (clock() - start)


def page() -> str:
    """A page of forty commands in ten blocks."""
    commands = [KINDS[n % len(KINDS)].format(n=n) for n in range(COMMANDS)]
    blocks = [
        f"### Step {n}\n\n```bash\n# Look at it\n" + "\n".join(commands[n * 4 : n * 4 + 4]) + "\n```\n"
        for n in range(10)
    ]
    return "# Shop\n\n## Shop Slow\n\n**Diagnosis:**\n\n" + "\n".join(blocks)


def compiled(source: str) -> int:
    """Read a page and judge its commands; how many there are."""
    commands = parse(source, path="page.md", shell=shell.parse).commands
    for command in commands:
        verdict(command.judged, table.built_in())
    return len(commands)


def compiled_anew(source: str) -> int:
    """The same with no tree and no verdict remembered."""
    shell.parse.cache_clear()
    verdict.cache_clear()
    return compiled(source)


def main() -> int:
    """Measure, print the figures."""
    tops = [Path(sys.argv[1])] if len(sys.argv) > 1 else [ROOT / "examples", ROOT / "docs"]
    files = {file: file.read_bytes() for top in tops for file in sorted(top.rglob("*.md"))}
    times = []
    for file, source in files.items():
        parse(source, path=str(file), shell=shell.parse)  # asks shfmt; from here on its answers are remembered
        again = partial(parse, source, path=str(file), shell=shell.parse)
        times.append(min(milliseconds(again, process_time) for _ in range(ROUNDS)))
    median = statistics.median(times)

    table.built_in()
    text = page()
    if (count := compiled(text)) != COMMANDS:
        print(f"the page has {count} commands, not {COMMANDS}")  # noqa: T201
        return 1
    cold = min(milliseconds(lambda: compiled_anew(text)) for _ in range(ROUNDS))
    cached = min(milliseconds(lambda: compiled(text), process_time) for _ in range(ROUNDS))
    print(f"pages read            {len(files)}, median {median:.2f} ms, slowest {max(times):.1f} ms")  # noqa: T201
    print(f"{COMMANDS} commands, cold     {cold:.0f} ms")  # noqa: T201
    print(f"{COMMANDS} commands, cached   {cached:.1f} ms, {cold / cached:.0f} times faster")  # noqa: T201
    return int(median >= PAGE_MS or cold >= COLD_MS or cached >= CACHED_MS)


if __name__ == "__main__":
    sys.exit(main())
