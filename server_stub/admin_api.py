"""What organisers and the desk call: set up, sell, publish, look after devices, count.

Law: thin, and closed without the admin token. Every write is one transaction of the functions below it; the command
line calls the same ones.

Source: docs/central.md, "API".
"""

from __future__ import annotations

import hmac
from typing import Any

import msgspec
from litestar import Router, get, post
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, JSONBody

from scanner.core.errors import InputError
from scanner.core.reasons import Reason
from server_stub import alerts, catalogue, codes, devices, operators, orders
from server_stub.central import Central
from server_stub.forms import (
    DenyForm,
    DeviceForm,
    EventForm,
    GateForm,
    OperatorForm,
    PolicyForm,
    RuleForm,
    SaleForm,
    ScopeForm,
    TypeForm,
    ZoneForm,
)
from server_stub.injected import TheCentral
from server_stub.listings import Record, load_records
from server_stub.publisher import Publication, publish
from server_stub.report import Counts, load_counts
from server_stub.rules.membership import OrderState
from server_stub.sales import Sold, sell
from server_stub.site import load_site, set_policy
from sync.wire import EnrolmentText

BEARER = "Bearer "


class Numbered(msgspec.Struct, frozen=True):
    """The number that something new got."""

    number: int


class Done(msgspec.Struct, frozen=True):
    """It is so now."""

    done: bool = True


class AddedDevice(msgspec.Struct, frozen=True):
    """A device that waits for its enrolment; the text is shown once."""

    device: str
    enrolment: EnrolmentText


@get("/list/{what:str}", sync_to_thread=True, summary="What there is")
def give_list(central: TheCentral, what: FromPath[str]) -> list[Record]:
    """One of zones, gates, types, scopes, events, operators, settings, tickets, devices, alerts."""
    with central.database.read() as connection:
        return load_records(connection, what)


@get("/counts", sync_to_thread=True, summary="Entries, answers, ledgers, conflicts")
def give_counts(central: TheCentral) -> Counts:
    """Everything at one instant."""
    with central.database.read() as connection:
        return load_counts(connection)


@post("/zones", sync_to_thread=True, summary="Add a zone")
def add_zone(central: TheCentral, data: JSONBody[ZoneForm]) -> Numbered:
    """An area with its own right."""
    with central.database.write() as connection:
        return Numbered(catalogue.add_zone(connection, data.name))


@post("/scopes", sync_to_thread=True, summary="Add a scope")
def add_scope(central: TheCentral, data: JSONBody[ScopeForm]) -> Numbered:
    """A list of events that one right covers."""
    with central.database.write() as connection:
        return Numbered(catalogue.add_scope(connection, data.name))


@post("/gates", sync_to_thread=True, summary="Add a gate")
def add_gate(central: TheCentral, data: JSONBody[GateForm]) -> Numbered:
    """One lane."""
    with central.database.write() as connection:
        return Numbered(catalogue.add_gate(connection, data))


@post("/types", sync_to_thread=True, summary="Add a ticket type")
def add_type(central: TheCentral, data: JSONBody[TypeForm]) -> Numbered:
    """With its validity and its scan rule."""
    with central.database.write() as connection:
        return Numbered(catalogue.add_type(connection, data, load_site(connection).calendar))


@post("/types/{name:str}/rule", sync_to_thread=True, status_code=200, summary="Change a rule")
def change_rule(central: TheCentral, name: FromPath[str], data: JSONBody[RuleForm]) -> Done:
    """Also for tickets already sold."""
    with central.database.write() as connection:
        catalogue.change_rule(connection, name, data)
    return Done()


@post("/events", sync_to_thread=True, summary="Add an event")
def add_event(central: TheCentral, data: JSONBody[EventForm]) -> Numbered:
    """A match or concert."""
    with central.database.write() as connection:
        return Numbered(catalogue.add_event(connection, data, load_site(connection).calendar))


@post(
    "/events/{number:int}/cancel", sync_to_thread=True, status_code=200, summary="Cancel an event"
)
def cancel_event(central: TheCentral, number: FromPath[int]) -> Done:
    """Gates answer EVENT_CANCELLED."""
    with central.database.write() as connection:
        catalogue.cancel_event(connection, number)
    return Done()


@post("/operators", sync_to_thread=True, summary="Add or change an operator")
def set_operator(central: TheCentral, data: JSONBody[OperatorForm]) -> Done:
    """Who may answer questions at a lane."""
    with central.database.write() as connection:
        operators.set_operator(connection, data)
    return Done()


@post("/policies", sync_to_thread=True, status_code=200, summary="Set a site policy")
def change_policy(central: TheCentral, data: JSONBody[PolicyForm]) -> Done:
    """One of `SitePolicy`."""
    with central.database.write() as connection:
        set_policy(connection, data.name, data.value)
    return Done()


@post("/sales", sync_to_thread=True, summary="Sell a ticket")
def sell_ticket(central: TheCentral, data: JSONBody[SaleForm]) -> Sold:
    """The payload is in this answer and nowhere else."""
    return sell(central, data)


@post(
    "/orders/{order_id:str}/refund", sync_to_thread=True, status_code=200, summary="Refund an order"
)
def refund_order(central: TheCentral, order_id: FromPath[str]) -> Done:
    """Takes back exactly what it gave."""
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
        now = central.clock.now_ms()
        orders.move_order(connection, order_id, OrderState.REFUNDED, now, calendar)
    return Done()


@post("/tickets/{ticket_id:str}/deny", sync_to_thread=True, status_code=200, summary="Deny a right")
def deny_ticket(central: TheCentral, ticket_id: FromPath[str], data: JSONBody[DenyForm]) -> Done:
    """Or, with reason null, allow it again."""
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
        reason = None if data.reason is None else Reason(data.reason)
        orders.deny_ticket(connection, ticket_id, reason, calendar)
    return Done()


@get("/credentials/{number:int}", sync_to_thread=True, summary="A code once more")
def show_credential(central: TheCentral, number: FromPath[int]) -> codes.Code:
    """To print it again."""
    with central.database.read() as connection:
        return codes.show_code(connection, central.secrets, number)


@post(
    "/credentials/{number:int}/revoke",
    sync_to_thread=True,
    status_code=200,
    summary="Revoke a code",
)
def revoke_credential(central: TheCentral, number: FromPath[int]) -> Done:
    """For ever, at every gate."""
    with central.database.write() as connection:
        codes.revoke_code(connection, number, central.clock.now_ms())
    return Done()


@post("/credentials/{number:int}/replace", sync_to_thread=True, summary="Replace a lost card")
def replace_credential(central: TheCentral, number: FromPath[int]) -> codes.Code:
    """The old one is revoked; the new one has the same right and the same counts."""
    with central.database.write() as connection:
        return codes.replace_code(connection, central.secrets, number, central.clock.now_ms())


@post("/devices", sync_to_thread=True, summary="Add a device for a gate")
def add_device(central: TheCentral, data: JSONBody[DeviceForm]) -> AddedDevice:
    """The enrolment text is in this answer and nowhere else; it is good for 15 minutes."""
    return AddedDevice(*devices.add_device(central, data.gate))


@post(
    "/devices/{device:str}/revoke", sync_to_thread=True, status_code=200, summary="Revoke a device"
)
def revoke_device(central: TheCentral, device: FromPath[str]) -> Done:
    """It erases itself at its next contact."""
    with central.database.write() as connection:
        devices.revoke_device(connection, device, central.clock.now_ms())
    return Done()


@post(
    "/devices/{device:str}/release",
    sync_to_thread=True,
    status_code=200,
    summary="End a quarantine",
)
def release_device(central: TheCentral, device: FromPath[str]) -> Done:
    """After a person has looked."""
    with central.database.write() as connection:
        devices.release_device(connection, device, central.clock.now_ms())
    return Done()


@post(
    "/alerts/{number:int}/resolve", sync_to_thread=True, status_code=200, summary="Resolve an alert"
)
def resolve_alert(central: TheCentral, number: FromPath[int]) -> Done:
    """A person has looked."""
    with central.database.write() as connection:
        alerts.resolve_alert(connection, number, central.clock.now_ms())
    return Done()


@post("/publish", sync_to_thread=True, status_code=200, summary="Publish now")
def publish_now(central: TheCentral) -> Publication:
    """Instead of waiting for the publisher."""
    return publish(central)


def build_admin_routes(central: Central) -> Router:
    """The routes under ``/v1/admin``."""
    token = central.folder.load_admin_token()

    def require_admin(
        connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
    ) -> None:
        shown = connection.headers.get("authorization", "")
        if not hmac.compare_digest(shown.encode(), (BEARER + token).encode()):
            raise InputError(
                "admin_token_refused",
                "the admin token is missing or wrong; nothing was done",
                "send the line of the file admin-token as 'Authorization: Bearer ...'",
            )

    return Router(
        "/v1/admin",
        route_handlers=[
            give_list,
            give_counts,
            add_zone,
            add_scope,
            add_gate,
            add_type,
            change_rule,
            add_event,
            cancel_event,
            set_operator,
            change_policy,
            sell_ticket,
            refund_order,
            deny_ticket,
            show_credential,
            revoke_credential,
            replace_credential,
            add_device,
            revoke_device,
            release_device,
            resolve_alert,
            publish_now,
        ],
        dependencies={"central": Provide(lambda: central, sync_to_thread=False)},
        guards=[require_admin],
        tags=["admin"],
    )
