"""Settings of what comes in: alerts and what becomes of them, and every source that has a say in it."""

from __future__ import annotations

from typing import Literal

import msgspec

from fireline.core.rules import Rule
from fireline.core.severity import Grading
from fireline.core.storm import Limits
from fireline.settings.looking import PanelSettings
from fireline.settings.part import Part


class SentrySettings(Part, frozen=True, kw_only=True):
    """`[sentry]`: webhooks of Sentry's integrations."""

    client_secrets: tuple[str, ...] = ()  # one an integration, and the new one beside the old while they change
    services: dict[str, str] = {}  # what a project is called here, by its slug; default: the slug
    new_issues: bool = True  # an issue is an alert even if no alert rule fired about it


class Alerts(Part, frozen=True, kw_only=True):
    """`[alerts]`: which alerts declare an incident by themselves."""

    declare: Literal["matched", "all", "none"] = "matched"  # matched: those a runbook has a scenario for
    together_minutes: float = 30.0  # alerts of one service that begin this near each other are one incident


class RuleSettings(Rule, Part, frozen=True, kw_only=True):
    """`[[rules]]`: which alerts declare, are suggested, or are ignored."""


class Severity(Grading, Part, frozen=True, kw_only=True):
    """`[severity]`: how an alert that tells its error rate is graded."""


class Storm(Limits, Part, frozen=True, kw_only=True):
    """`[storm]`: when further faults join the first incident, and how long a page waits behind another one."""


class ProbeSettings(Part, frozen=True, kw_only=True):
    """`[[probes]]`: a health URL fireline looks at by itself."""

    name: str  # becomes the alert's name, e.g. SessionStoreDown
    url: str
    service: str
    every: float = 30.0  # seconds
    timeout: float = 5.0
    failures: int = 2  # in a row before it counts as an alert
    labels: dict[str, str] = {}


class GrafanaSettings(Part, frozen=True, kw_only=True):
    """`[grafana]`: where dashboards are looked up by their titles."""

    url: str
    token: str = ""  # of a service account that may view


class PrometheusSettings(Part, frozen=True, kw_only=True):
    """`[prometheus]`: asked what is red."""

    url: str
    queries: dict[str, str] = {}  # what measures a limit of the runbook, by the limit's name, in the limit's unit
    label: str = "service"  # which label of your metrics names the service, in the built-in graphs
    window: str = "5m"  # over which rates are taken, in the built-in graphs
    panels: tuple[PanelSettings, ...] = ()  # graphs beside the built-in ones, or in their place


class GitHubSettings(Part, frozen=True, kw_only=True):
    """`[github]`: pushes, releases and deployments, told by webhooks."""

    secrets: tuple[str, ...]  # of the webhooks; one match is enough, so that a secret can be changed
    services: dict[str, str] = {}  # repository (owner/name) -> service; else the repository's own name


class ZendeskSettings(Part, frozen=True, kw_only=True):
    """`[zendesk]`: tickets, told by Zendesk's webhooks."""

    secrets: tuple[str, ...]
    url: str = ""  # https://SHOP.zendesk.com, for links to tickets
    services: dict[str, str] = {}  # tag -> service


class OverWhen(Part, frozen=True, kw_only=True):
    """`over_when` of an `[[intake]]`: the alert is over when the value at `path` is one of these."""

    path: str
    among: tuple[str, ...] = msgspec.field(name="in")


class IntakeSettings(Part, frozen=True, kw_only=True):
    """`[[intake]]`: somebody's own JSON, read by dotted paths, at `POST /hooks/json/NAME`."""

    name: str
    id: str
    summary: str
    source: Literal["ticket", "mention"] = "ticket"
    text: str = ""
    url: str = ""
    requester: str = ""
    labels: dict[str, str] = {}
    over_when: OverWhen | None = None
    secrets: tuple[str, ...] = ()  # without any, the sender needs a token for hooks
    signature: str = "X-Hub-Signature-256"  # the header with the hexadecimal HMAC-SHA256 of the body


class MailSettings(Part, frozen=True, kw_only=True):
    """`[mail]`: an SMTP door of our own; a mail to one of the addresses is an alert."""

    addresses: tuple[str, ...]
    listen: str = "127.0.0.1:2525"
    senders: tuple[str, ...] = ()  # addresses, or domains such as "@example.com"; without any, everybody
    services: dict[str, str] = {}  # address -> service
    largest: int = 1_000_000  # bytes of one mail
    per_minute: int = 60  # mails taken in a minute; more are asked to come again
    certificate: str = ""  # PEM files: with both, STARTTLS is offered
    key: str = ""


class FeedSettings(Part, frozen=True, kw_only=True):
    """`[[feeds]]`: an RSS or Atom feed that fireline reads by itself."""

    name: str
    url: str
    kind: Literal["provider", "mentions"]
    service: str = ""
    match: tuple[str, ...] = ()  # words, one of which an entry has to hold; none: every entry
    every: float = 300.0  # seconds
    days: float = 7.0  # a provider's event that its feed says nothing more of is over after these


class HeartbeatSettings(Part, frozen=True, kw_only=True):
    """`[[heartbeats]]`: something that has to call again and again; its silence is an alert."""

    name: str
    service: str
    every: float  # seconds from one call to the next
    grace: float = 60.0  # seconds a call may be late
    watchdog: str = ""  # an alert's name that counts as the call, such as Prometheus's Watchdog
