"""The website: a CDN before a storefront before the pages, the storefront's settings in git.

It breaks in two ways: a release that sends readers to a port where nobody is, or a CDN that hangs. The release's
commit is hours old when it goes live, so looking back one hour would not find it.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import subprocess
import sys
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from fireline import clock
from fireline.core.refusal import Refused
from fireline.drills.plans import HANG, Blueprint, Plan, Program, Site, nginx, nginx_conf, says
from fireline.drills.shop import Commit, commit

PORTS = ("cdn", "storefront", "pages", "nobody")
PACKAGES = {"nginx": "nginx-light"}
REPOSITORY = "lanternbooks/storefront"
WRITTEN = timedelta(hours=5)  # before it went live
AUTHOR = "Ana Prieto <ana@lanternbooks.example>"
HIDDEN = timedelta(seconds=5)  # a release is on its way for a moment before anybody notices


def plan(site: Site) -> Plan:
    """Two real nginx, one behind the other, and the pages."""
    ports = site.ports
    where = f"127.0.0.1:{ports['storefront']}"
    cache = f"""  server {{
    listen 127.0.0.1:{ports["cdn"]};
    location / {{
      proxy_pass http://{where};
      proxy_read_timeout 2s;
      add_header X-Cache "MISS from drill" always;
      add_header Cache-Control "public, max-age=60" always;
    }}
  }}
"""
    door = f"http://127.0.0.1:{ports['cdn']}/health"
    return Plan(
        victim=Program(name="cdn", command=nginx("cdn.conf"), answers=lambda: says(ports["cdn"], "/health")),
        told_as="storefront",
        faults={"release": partial(release, site), "cdn": HANG},
        others=(
            Program(
                name="storefront",
                command=nginx("storefront.conf"),
                answers=lambda: says(ports["storefront"], "/health"),
            ),
            Program(
                name="pages",
                command=(sys.executable, "-I", str(Path(__file__).with_name("sessions.py")), str(ports["pages"])),
                answers=lambda: says(ports["pages"], "/health"),
            ),
        ),
        files={"cdn.conf": nginx_conf("cdn", cache, alone=True)},
        commits=(
            Commit(
                timedelta(days=3),
                "Noor Haddad <noor@lanternbooks.example>",
                "Storefront: where the pages are",
                "storefront.conf",
                storefront(site, "pages"),
            ),
        ),
        facts={"cdn": f"127.0.0.1:{ports['cdn']}", "storefront": where},
        probe=door,
        settings={"github": {"secrets": [site.token], "services": {REPOSITORY: "storefront"}}},
    )


WORLD = Blueprint(about="nginx before the shop's pages, its settings in git", ports=PORTS, packages=PACKAGES, plan=plan)


def storefront(site: Site, pages: str) -> str:
    """The storefront's nginx.conf, when the pages are at the port of this name."""
    return nginx_conf(
        "storefront",
        f"""  server {{
    listen 127.0.0.1:{site.ports["storefront"]};
    location / {{
      proxy_pass http://127.0.0.1:{site.ports[pages]};
      proxy_connect_timeout 1s;
    }}
  }}
""",
    )


def release(site: Site) -> None:
    """Commit the mistake as of hours ago, let it go live, and tell fireline of it as GitHub does."""
    at = clock.now()
    wrong = Commit(WRITTEN, AUTHOR, "Storefront: the pages have moved", "storefront.conf", storefront(site, "nobody"))
    sha = commit(site.folder, wrong, at)
    reload = subprocess.run(
        [*nginx("storefront.conf")[:-2], "-s", "reload"], cwd=site.folder, check=False, capture_output=True, text=True
    )
    if reload.returncode:
        raise Refused(f"nginx did not take its new settings: {reload.stderr.strip()}", status=503)
    tell(site, wrong.message, sha, at - HIDDEN)


def tell(site: Site, title: str, sha: str, at: datetime) -> None:
    """What GitHub sends when a deployment has gone live. A fireline that is not there is not told.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads#deployment_status
    """
    said = {
        "action": "created",
        "repository": {"full_name": REPOSITORY, "name": "storefront", "default_branch": "main"},
        "deployment": {
            "id": 1, "ref": "main", "sha": sha, "created_at": at.isoformat(), "environment": "production",
            "description": title, "creator": {"login": "ana"},
        },
        "deployment_status": {"state": "success", "created_at": at.isoformat()},
    }  # fmt: skip
    body = json.dumps(said).encode()
    proof = hmac.new(site.token.encode(), body, hashlib.sha256).hexdigest()
    wire = http.client.HTTPConnection(urlsplit(site.alerts_to).netloc, timeout=5)
    try:
        headers = {"X-GitHub-Event": "deployment_status", "X-Hub-Signature-256": f"sha256={proof}"}
        wire.request("POST", "/hooks/github", body, headers | {"Content-Type": "application/json"})
        wire.getresponse().read()
    except (OSError, http.client.HTTPException):
        return
    finally:
        wire.close()
