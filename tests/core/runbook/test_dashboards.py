"""A dashboard that the page only names is known by its name; one that it links to, by its link, and each once."""

from __future__ import annotations

from fireline.core.runbook import parse
from fireline.core.runbook.dashboards import dashboards_of
from fireline.shell import parse as shell

PAGE = """\
# Kiosk

Nobody calls a "quoted thing" or a dashboard alone by a name.

```bash
# 1. Check "Platform Overview" dashboard
# 2. Look for red
```

See the **Till** dashboard, and the dashboard “Queue”.

### Dashboards
- **Window:** https://grafana.example/d/window
- **Cellar**
- Roof
- See the till dashboards: ask ana

## Contacts
- Ana
"""


def test_names_and_links_are_found_where_the_page_sets_them_apart() -> None:
    found = dashboards_of(parse(PAGE, path="kiosk.md", shell=shell))
    assert [(one.name, one.url) for one in found] == [
        ("Platform Overview", ""),
        ("Till", ""),
        ("Queue", ""),
        ("Window", "https://grafana.example/d/window"),
        ("Cellar", ""),
        ("Roof", ""),
    ]
