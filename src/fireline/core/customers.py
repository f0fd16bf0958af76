"""Customers: who is written to, and about which services, as a table (CSV) brings them.

The first line names the columns: `mail`, and `services` where a customer uses only some, divided by semicolons.
Further columns are left alone. Without services a customer hears of every one.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

import msgspec

from fireline.core.mailing import EVERYBODY
from fireline.core.refusal import Refused

# The local part in ASCII: anything else wants SMTPUTF8 of every mail server on the way, which few offer.
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&*+/=?^_`{|}~'-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
ADDRESS_MAX_CHARS = 254  # on the wire: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3
SERVICE_MAX_CHARS = 200
MAIL = ("mail", "email", "e-mail", "address")  # what the column may be called
SERVICES = ("services", "service")


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """One address, and the services that it hears of; ("*",) is every one."""

    mail: str
    services: tuple[str, ...] = (EVERYBODY,)


def customer(mail: str, services: Iterable[str] = ()) -> Customer:
    """A customer from what somebody typed. Raises `Refused` naming the field.

    Small letters: no mail server that matters tells Cleo@ from cleo@, and nobody may get the same letter twice.
    """
    local, _, domain = mail.strip().lower().rpartition("@")
    try:
        found = f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
    except UnicodeError:
        found = ""
    if len(found) > ADDRESS_MAX_CHARS or not ADDRESS.fullmatch(found) or ".." in found:
        raise Refused(f"{mail.strip()[:100]!r} is no e-mail address that can be written to.", field="mail", status=400)
    names = tuple(dict.fromkeys(name for one in services if (name := one.strip())))
    if any(len(one) > SERVICE_MAX_CHARS for one in names):
        said = f"The name of a service has at most {SERVICE_MAX_CHARS} characters."
        raise Refused(said, field="services", status=400)
    return Customer(mail=found, services=(EVERYBODY,) if not names or EVERYBODY in names else names)


def read(text: str) -> tuple[Customer, ...]:
    """The customers of a table, each address once with the services of all its lines. `Refused` names the line."""
    try:
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True))
    except csv.Error as trouble:
        raise Refused(f"This is no table: {trouble}.", status=400) from None
    names = [one.strip().lower() for one in rows[0]] if rows else []
    at = next((names.index(one) for one in MAIL if one in names), None)
    about = next((names.index(one) for one in SERVICES if one in names), None)
    if at is None:
        raise Refused("The first line of the table has to name a column `mail`.", status=400)
    found: dict[str, Customer] = {}
    for line, row in enumerate(rows[1:], 2):
        if not any(one.strip() for one in row):
            continue
        try:
            services = row[about].split(";") if about is not None and about < len(row) else ()
            one = customer(row[at] if at < len(row) else "", services)
        except Refused as no:
            raise Refused(f"Row {line}: {no.sentence}", status=400) from None
        before = found.get(one.mail)
        found[one.mail] = customer(one.mail, (*before.services, *one.services)) if before else one
    return tuple(found.values())
