"""Apprise: reach a person by any of the services that Apprise knows, at addresses such as `tgram://…`.

https://appriseit.com — an extra, `pip install 'fireline[apprise]'`, because it brings a hundred services along that
most houses do not need. It says whether a service took a message, and not why it did not: what failed is tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fireline.connectors.http import PATIENCE, Permanent, Temporary

MISSING = "Apprise is not installed: `pip install 'fireline[apprise]'` where fireline runs, and start it again."


def notify(addresses: Sequence[str], *, title: str, text: str) -> str:
    """Tell every address. One that took it is enough: the answer says which others did not, and is empty without any.

    An address carries keys, so that only the service's name is ever quoted. Raises Temporary where none took it, and
    Permanent where none is one of Apprise's, or Apprise is not installed.
    """
    try:
        # imported here: an extra, and its services take a second to load
        from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType  # noqa: PLC0415
    except ImportError:
        raise Permanent(MISSING) from None
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its words may quote addresses
    told, wrong = Apprise(asset=AppriseAsset(service_timeout=PATIENCE)), list[str]()
    for address in addresses:
        if not told.add(address):
            wrong.append(f"an address that begins with {address.partition(':')[0]}: is none that Apprise knows")
    if not len(told):
        raise Permanent(f"No Apprise address can be used: {'; '.join(wrong)}.")
    found = list(told.notify(text, title=title, notify_type=NotifyType.FAILURE, body_format=NotifyFormat.TEXT))
    failed = [f"{one.name} did not take it" for one in found if not one]
    if len(failed) == len(found):
        raise Temporary(f"By Apprise: {'; '.join([*failed, *wrong]) or 'nobody took it'}.")
    missing = "; ".join([*failed, *wrong])
    return f"By Apprise: {missing}." if missing else ""
