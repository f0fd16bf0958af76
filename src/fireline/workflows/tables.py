"""The guard's tables as this house uses them: those built in, with the site's own files laid over them.

A file that changes is read again, so that a stricter row counts within a beat of the watch. A file that no
longer reads keeps the last good tables, all of them, and says so (the library tells pages and log).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fireline.core.guard import Tables, table
from fireline.core.refusal import Refused


def read_tables(paths: Iterable[str]) -> Tables:
    """The tables with these files over them. Raises `Refused` naming the file that is wrong, and its key."""
    files: list[tuple[str, str]] = []
    for path in paths:
        try:
            files.append((path, Path(path).read_text("utf-8")))
        except OSError as trouble:
            raise Refused(f"The guard table {path} cannot be read: {trouble.strerror}.", status=400) from trouble
        except UnicodeDecodeError as trouble:
            raise Refused(f"The guard table {path} is no UTF-8 text.", status=400) from trouble
    return table.laid_over(files) if files else table.built_in()


class SiteTables:
    """The tables now in use: `now` is another object after each change, so that whatever was judged by it is known."""

    def __init__(self, paths: tuple[str, ...] = ()) -> None:
        """Read the files. Raises `Refused` when one is wrong: fireline does not begin with half of them."""
        self._paths = paths
        self._stamps = self._stamped()
        self.now = read_tables(paths)
        self.trouble: dict[str, str] = {}  # what is wrong with the newest files, by the settings' key

    def refresh(self) -> None:
        """Read the files again when one has changed."""
        stamps = self._stamped()
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            self.now, self.trouble = read_tables(self._paths), {}
        except Refused as refused:
            self.trouble = {"[guard] tables": f"{refused.sentence} The tables read before stay in use."}

    def _stamped(self) -> list[tuple[int, int]]:
        return [stamp(Path(path)) for path in self._paths]


def stamp(path: Path) -> tuple[int, int]:
    """Changes when the file does; zeros when it has gone."""
    try:
        stat = path.stat()
    except OSError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_size)
