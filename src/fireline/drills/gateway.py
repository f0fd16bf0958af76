"""The gateway: a real nginx that limits requests, and readers who ask for more than it lets through.

It breaks in two ways that look alike from outside: a rush of many readers, for whom the limit is too tight, and one
partner whose client has run wild and uses up what is meant for all. The access log tells them apart.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from fireline.drills.plans import Blueprint, Plan, Program, Site, asked, nginx, nginx_conf, says
from fireline.drills.shop import Commit

PORTS = ("gateway", "readers")
PACKAGES = {"nginx": "nginx-light"}
LIMIT = 10  # requests a second, of all readers together
# The limit in a file of its own, which is what people change in a hurry. An empty key is not limited:
# https://nginx.org/en/docs/http/ngx_http_limit_req_module.html#limit_req_zone
LIMITS = f"""geo $friend {{
  default 0;
  # allow-list: one line for each address, such as "192.0.2.7 1;"
}}
map $friend $counted {{ 0 $server_name; 1 ""; }}
limit_req_zone $counted zone=shop:1m rate={LIMIT}r/s;
limit_req_status 429;
"""


def plan(site: Site) -> Plan:
    """The gateway with its limit, and readers in front of it."""
    ports = site.ports
    server = f"""  include limits.conf;
  default_type text/plain;
  server {{
    listen 127.0.0.1:{ports["gateway"]};
    server_name books.lanternbooks.example;
    location = /up {{ access_log off; return 200 "up\\n"; }}
    location / {{
      limit_req zone=shop burst=2 nodelay;
      try_files /nothing @book;  # a `return` here would come before the limit
    }}
    location @book {{ return 200 "a book\\n"; }}
  }}
"""
    readers = f"http://127.0.0.1:{ports['readers']}/health"

    def comes(who: str) -> None:
        asked(ports["readers"], f"/{who}")

    return Plan(
        victim=Program(
            name="gateway", command=nginx("gateway.conf"), answers=lambda: says(ports["readers"], "/health")
        ),
        told_as="books",
        faults={"rush": lambda: comes("rush"), "partner": lambda: comes("partner")},
        others=(
            Program(
                name="readers",
                command=(
                    *(sys.executable, "-I", str(Path(__file__).with_name("readers.py"))),
                    *(str(ports["readers"]), str(ports["gateway"])),
                ),
                answers=lambda: says(ports["gateway"], "/up"),
            ),
        ),
        files={"gateway.conf": nginx_conf("gateway", server), "readers.conf": ""},
        commits=(
            Commit(
                timedelta(days=9),
                "Noor Haddad <noor@lanternbooks.example>",
                f"Gateway: {LIMIT} requests a second are enough for everybody",
                "limits.conf",
                LIMITS,
            ),
        ),
        facts={"readers": f"127.0.0.1:{ports['readers']}", "gateway": f"127.0.0.1:{ports['gateway']}"},
        probe=readers,
    )


WORLD = Blueprint(
    about="nginx with a rate limit, and readers in front of it", ports=PORTS, packages=PACKAGES, plan=plan
)
