"""Settings of what goes out: who is paged, who is on call, who is told how often, and the status page."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from fireline.core.cadence import Limits as Cadence
from fireline.core.roster import Chain
from fireline.core.rota import Layer
from fireline.settings.part import Part


class PagerDutySettings(Part, frozen=True, kw_only=True):
    """`[pagerduty]`: Events API v2 or the REST API of one service, to page; secrets of V3 webhooks, to be told."""

    routing_key: str = ""
    url: str = "https://events.pagerduty.com/v2/enqueue"  # EU accounts: https://events.eu.pagerduty.com/v2/enqueue
    api_token: str = ""  # of the REST API
    from_: str = msgspec.field(default="", name="from")  # in whose name: the mail address of one of the account's users
    service: str = ""  # by its name in PagerDuty
    api_url: str = "https://api.pagerduty.com"  # EU accounts: https://api.eu.pagerduty.com
    webhook_secrets: tuple[str, ...] = ()  # one a subscription, and the new one beside the old while they change

    def __post_init__(self) -> None:
        if not self.routing_key and not self.api_token and not self.webhook_secrets:
            raise ValueError(
                "missing required field `routing_key` or `api_token`, or `webhook_secrets` where PagerDuty only tells"
            )
        if self.api_token and not (self.from_ and self.service):
            raise ValueError("`api_token` needs `from` (a user's mail address) and `service` (its name in PagerDuty)")


class RotationSettings(Layer, Part, frozen=True, kw_only=True):
    """`[[on_call.rotations]]`: people who take turns. Several of one name are layers, the later above the earlier."""


class ChainSettings(Chain, Part, frozen=True, kw_only=True):
    """`[[on_call.chains]]`: who is asked, one step after the other, until somebody acknowledges."""


class OnCallSettings(Part, frozen=True, kw_only=True):
    """`[on_call]`: who is asked to come when nothing else pages them."""

    between: str = "1m"  # from one channel of a person to their next one
    rotations: tuple[RotationSettings, ...] = ()
    chains: tuple[ChainSettings, ...] = ()


class PersonSettings(Part, frozen=True, kw_only=True):
    """`[people.NAME]`: where one person is reached, by their handle."""

    channels: tuple[str, ...] = ()  # of `roster.BUILT_IN`, or gateways' names, in the order in which they are tried
    mail: str = ""
    phone: str = ""
    ntfy: str = ""  # a topic, which is as good as a password
    slack: str = ""  # their id there, where the mail address is another one
    apprise: tuple[str, ...] = ()  # addresses such as "tgram://…", which are as good as passwords


class NtfySettings(Part, frozen=True, kw_only=True):
    """`[ntfy]`: a server that rings phones by their app."""

    url: str
    token: str = ""


class GatewaySettings(Part, frozen=True, kw_only=True):
    """`[gateways.NAME]`: a service that calls or texts people, asked by a webhook."""

    url: str
    body: dict[str, Any]
    token: str = ""  # sent as a bearer token
    headers: dict[str, str] = {}


class SmtpSettings(Part, frozen=True, kw_only=True):
    """`[smtp]`: the mail server that takes our mails."""

    host: str
    sender: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = ""


class CustomersSettings(Part, frozen=True, kw_only=True):
    """`[customers]`: mail to customers, handed to the server of `[smtp]`."""

    from_: str = msgspec.field(default="", name="from")  # default: the sender of [smtp]
    reply_to: str = ""
    support: str = ""  # the address that letters name
    signature: str = ""
    bounces: str = ""  # where mail servers tell of copies that did not arrive; default: the address of `from`
    url: str = ""  # where customers reach /customers/leave; default: [server] url
    pace: float = 5.0  # mails a second; 0: as fast as the server takes them
    per_connection: int = 100  # mails

    def __post_init__(self) -> None:
        if self.pace < 0 or self.per_connection < 1:
            raise ValueError("`pace` is 0 or more mails a second, `per_connection` 1 or more mails")


class UpdatesSettings(Part, frozen=True, kw_only=True):
    """`[updates]`: how the form of an update names its fields."""

    style: Literal["plain", "can"] = "plain"  # can: conditions, actions, needs


class CadenceSettings(Cadence, Part, frozen=True, kw_only=True):
    """`[cadence]`: how often our own people and the public are told, by severity."""


class StatusComponentSettings(Part, frozen=True, kw_only=True):
    """`[[status.components]]`: one line of the status page, and the services of ours that it stands for."""

    name: str
    group: str = ""
    services: tuple[str, ...] = ()
    statuspage: str = ""  # the id of the same component on Statuspage


class StatusSettings(Part, frozen=True, kw_only=True):
    """`[status]`: what the public is told of, and the page of our own."""

    title: str = "Service status"
    own_page: bool = True  # serve a page at /status
    url: str = ""  # where the public finds it; default: /status of [server] url
    copy: str = "fireline-status.json"  # the last page, for when the database is away
    never_say: tuple[str, ...] = ()  # words of this site that stay inside
    components: tuple[StatusComponentSettings, ...] = ()

    def __post_init__(self) -> None:
        names = [one.name for one in self.components]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"two [[status.components]] are called `{twice[0]}`")


class StatuspageSettings(Part, frozen=True, kw_only=True):
    """`[statuspage]`: a page at Statuspage."""

    page: str
    api_key: str
    url: str = "https://api.statuspage.io/v1"
