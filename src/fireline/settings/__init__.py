"""Settings: one TOML file, and `FIRELINE_<SECTION>_<KEY>` in the environment over it.

The environment reaches [server], [store], [alerts], [drill], [pagerduty], [sentry] and the runbooks'
paths. Every setting has a default that works on a laptop. Secrets may stand in the environment only; nothing here is
ever shown again. `docs/settings.md` has a heading for each section.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from fireline.core.place import Environment
from fireline.core.refusal import Refused
from fireline.settings.chat import ChatSettings, SlackSettings
from fireline.settings.databases import DatabaseSettings, WarmSettings
from fireline.settings.looking import PanelSettings, RepositorySettings
from fireline.settings.own import (
    AfterSettings,
    Drill,
    EvidenceSettings,
    Guard,
    Lanes,
    LaneSettings,
    Runbooks,
    Server,
    Store,
)
from fireline.settings.part import Part
from fireline.settings.places import EnvironmentSettings
from fireline.settings.private import PrivateSettings
from fireline.settings.runners import RunnerSettings, RunnersSettings
from fireline.settings.sources import (
    Alerts,
    FeedSettings,
    GitHubSettings,
    GrafanaSettings,
    HeartbeatSettings,
    IntakeSettings,
    MailSettings,
    OverWhen,
    ProbeSettings,
    PrometheusSettings,
    RuleSettings,
    SentrySettings,
    Severity,
    Storm,
    ZendeskSettings,
)
from fireline.settings.stakeholders import StakeholderSettings
from fireline.settings.telling import (
    CadenceSettings,
    ChainSettings,
    CustomersSettings,
    GatewaySettings,
    NtfySettings,
    OnCallSettings,
    PagerDutySettings,
    PersonSettings,
    RotationSettings,
    SmtpSettings,
    StatusComponentSettings,
    StatuspageSettings,
    StatusSettings,
    UpdatesSettings,
)

__all__ = [
    "FILE",
    "AfterSettings",
    "Alerts",
    "CadenceSettings",
    "ChainSettings",
    "ChatSettings",
    "CustomersSettings",
    "DatabaseSettings",
    "Drill",
    "EnvironmentSettings",
    "EvidenceSettings",
    "FeedSettings",
    "GatewaySettings",
    "GitHubSettings",
    "GrafanaSettings",
    "Guard",
    "HeartbeatSettings",
    "IntakeSettings",
    "LaneSettings",
    "Lanes",
    "MailSettings",
    "NtfySettings",
    "OnCallSettings",
    "OverWhen",
    "PagerDutySettings",
    "PanelSettings",
    "Part",
    "PersonSettings",
    "PrivateSettings",
    "ProbeSettings",
    "PrometheusSettings",
    "RepositorySettings",
    "RotationSettings",
    "RuleSettings",
    "Runbooks",
    "RunnerSettings",
    "RunnersSettings",
    "SentrySettings",
    "Server",
    "Settings",
    "Severity",
    "SlackSettings",
    "SmtpSettings",
    "StakeholderSettings",
    "StatusComponentSettings",
    "StatusSettings",
    "StatuspageSettings",
    "Store",
    "Storm",
    "UpdatesSettings",
    "WarmSettings",
    "ZendeskSettings",
    "load",
]

FILE = "fireline.toml"


class Settings(Part, frozen=True, kw_only=True):
    """Everything that can be set."""

    server: Server = Server()
    store: Store = Store()
    runbooks: Runbooks = Runbooks()
    lanes: Lanes = Lanes()
    guard: Guard = Guard()
    environments: dict[str, EnvironmentSettings] = {}
    alerts: Alerts = Alerts()
    rules: tuple[RuleSettings, ...] = ()
    severity: Severity = Severity()
    storm: Storm = Storm()
    cadence: CadenceSettings = CadenceSettings()
    updates: UpdatesSettings = UpdatesSettings()
    drill: Drill = Drill()
    afterwards: AfterSettings = AfterSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    pagerduty: PagerDutySettings | None = None
    sentry: SentrySettings | None = None
    probes: tuple[ProbeSettings, ...] = ()
    grafana: GrafanaSettings | None = None
    prometheus: PrometheusSettings | None = None
    github: GitHubSettings | None = None
    zendesk: ZendeskSettings | None = None
    intake: tuple[IntakeSettings, ...] = ()
    mail: MailSettings | None = None
    feeds: tuple[FeedSettings, ...] = ()
    heartbeats: tuple[HeartbeatSettings, ...] = ()
    on_call: OnCallSettings = OnCallSettings()
    people: dict[str, PersonSettings] = {}
    smtp: SmtpSettings | None = None
    ntfy: NtfySettings | None = None
    gateways: dict[str, GatewaySettings] = {}
    status: StatusSettings | None = None
    statuspage: StatuspageSettings | None = None
    customers: CustomersSettings | None = None
    stakeholders: dict[str, StakeholderSettings] = {}  # by severity
    repositories: tuple[RepositorySettings, ...] = ()
    links: dict[str, str] = {}  # into tools that show more, by the tool's name
    dependencies: dict[str, tuple[str, ...]] = {}  # service -> what it cannot do without
    slack: SlackSettings | None = None
    chat: ChatSettings = ChatSettings()
    private: PrivateSettings = PrivateSettings()
    warm: WarmSettings = WarmSettings()
    runner: RunnerSettings | None = None
    runners: RunnersSettings = RunnersSettings()
    databases: dict[str, DatabaseSettings] = {}
    values: dict[str, str] = {}  # what placeholders such as <namespace> stand for at this site

    @property
    def pager(self) -> PagerDutySettings | None:
        """PagerDuty, where it is there to page and not only to tell."""
        return self.pagerduty if self.pagerduty and (self.pagerduty.routing_key or self.pagerduty.api_token) else None

    @property
    def pinned(self) -> tuple[Environment, ...]:
        """The environments that commands are held to, in the words of core."""
        return tuple(
            Environment(
                name=name,
                context=one.context,
                namespaces=one.namespaces,
                server=one.server,
                argocd=one.argocd,
                runner=one.runner,
            )
            for name, one in self.environments.items()
        )

    @property
    def status_url(self) -> str:
        """How the public reaches our own status page, without a slash at the end."""
        return (self.status.url if self.status and self.status.url else f"{self.base_url}/status").rstrip("/")

    @property
    def base_url(self) -> str:
        """How people reach the pages, without a slash at the end."""
        return (self.server.url or f"http://{self.server.host}:{self.server.port}").rstrip("/")


def load(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises `Refused` naming the file and the key that is wrong.

    Without `path` the file is `$FIRELINE_CONFIG`, else `fireline.toml` in the working folder if it is there.
    """
    environment = os.environ if environment is None else environment
    named = path or (Path(environment["FIRELINE_CONFIG"]) if environment.get("FIRELINE_CONFIG") else None)
    file = named or Path(FILE)
    raw: dict[str, Any] = {}
    try:
        if named or file.is_file():
            raw = tomllib.loads(file.read_text("utf-8"))
    except OSError as trouble:
        raise Refused(f"The settings file {file} cannot be read: {trouble.strerror}.", status=400) from trouble
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise Refused(f"The settings file {file} is not valid TOML: {trouble}.", status=400) from trouble
    _overlay(raw, environment)
    try:
        return msgspec.convert(raw, Settings, strict=False)
    except msgspec.ValidationError as trouble:
        said = f"{trouble}{_rule_named(raw, str(trouble))}"
        raise Refused(f"The settings ({file} and the environment) are wrong: {said}.", status=400) from trouble


def _rule_named(raw: dict[str, Any], said: str) -> str:
    """The name of the rule that a complaint is about: `$.rules[7].do` tells nobody which one that is."""
    found = re.search(r"\$\.rules\[(\d+)\]", said)
    try:
        return f" (the rule “{raw['rules'][int(found[1])]['name']}”)" if found else ""
    except (LookupError, TypeError):
        return ""


def _overlay(raw: dict[str, Any], environment: Mapping[str, str]) -> None:
    """`FIRELINE_STORE_URL` sets `[store] url`, and so on; `FIRELINE_RUNBOOKS_PATHS` is a list like PATH."""
    sections: tuple[tuple[str, type[Part]], ...] = (
        ("server", Server),
        ("store", Store),
        ("alerts", Alerts),
        ("drill", Drill),
        ("pagerduty", PagerDutySettings),
        ("sentry", SentrySettings),
        ("github", GitHubSettings),
        ("grafana", GrafanaSettings),
        ("zendesk", ZendeskSettings),
        ("smtp", SmtpSettings),
        ("statuspage", StatuspageSettings),
        ("ntfy", NtfySettings),
        ("slack", SlackSettings),
        ("chat", ChatSettings),
        ("runner", RunnerSettings),
    )
    for section, part in sections:
        for key in part.__struct_encode_fields__:
            value = environment.get(f"FIRELINE_{section}_{key}".upper())
            if value is not None:
                # secrets are lists, so that a new one holds beside the old
                _section(raw, section)[key] = value.split(",") if key.endswith("secrets") else value
    for name, gateway in _section(raw, "gateways").items() if "gateways" in raw else ():
        if isinstance(gateway, dict) and (token := environment.get(f"FIRELINE_GATEWAYS_{name}_TOKEN".upper())):
            gateway["token"] = token
    for name, one in _section(raw, "stakeholders").items() if "stakeholders" in raw else ():
        if isinstance(one, dict) and (url := environment.get(f"FIRELINE_STAKEHOLDERS_{name}_WEBHOOK".upper())):
            one["webhook"] = url
    for name, one in _section(raw, "databases").items() if "databases" in raw else ():
        if isinstance(one, dict) and (url := environment.get(f"FIRELINE_DATABASES_{name}_URL".upper())):
            one["url"] = url
    if paths := environment.get("FIRELINE_RUNBOOKS_PATHS"):
        _section(raw, "runbooks")["paths"] = paths.split(os.pathsep)


def _section(raw: dict[str, Any], name: str) -> dict[str, Any]:
    section = raw.setdefault(name, {})
    if not isinstance(section, dict):
        raise Refused(f"The settings are wrong: {name} is a section, [{name}], and not a value.", status=400)
    return section
