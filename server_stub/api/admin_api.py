"""What organisers and the desk call: set up, sell, publish, look after devices, count.

Law: thin, and closed to whom `server_stub.api.authorisation` does not let in. Every write is one transaction of the
functions below it; the command line calls the same ones. What moves money or creates a right asks for `TheOnce`.

Source: docs/central.md, "API".
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import Provide
from litestar.params import FromPath, JSONBody, PathParameter, RawBody

from scanner.core.reasons import Reason
from server_stub.api import order_api, people_api, report_api, season_api, subscription_api
from server_stub.api.forms import (
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
from server_stub.api.idempotency import Once, act_once, build_once
from server_stub.api.injected import ShownKey, TheCentral, TheOnce, TheStaff
from server_stub.api.paging import LIMIT, NUMBER_MOST, Page, load_page
from server_stub.api.staff_api import (
    Done,
    PageCursor,
    PageLimit,
    find_staff,
    require_staff,
    route_of,
)
from server_stub.gates import alerts, devices, operators
from server_stub.publishing.publisher import Publication, publish
from server_stub.reporting.listings import find_listing
from server_stub.reporting.report import Counts, load_counts
from server_stub.selling import catalogue, codes, orders
from server_stub.selling.sales import Sold, apply_sale
from server_stub.site import load_site, set_policy
from sync.wire import EnrolmentText

Number = Annotated[int, PathParameter(ge=1, le=NUMBER_MOST)]


class Numbered(msgspec.Struct, frozen=True):
    """The number that something new got."""

    number: int


class AddedDevice(msgspec.Struct, frozen=True):
    """A device that waits for its enrolment; the text is shown once."""

    device: str
    enrolment: EnrolmentText


@get("/list/{what:str}", sync_to_thread=True, summary="What there is")
def give_list(
    central: TheCentral, what: FromPath[str], limit: PageLimit = LIMIT, cursor: PageCursor = None
) -> Page:
    """One of what `server_stub.reporting.listings` names: zones, types, tickets, orders, customers, shops ..."""
    listing = find_listing(what)
    with central.database.read() as connection:
        return load_page(connection, listing, limit, cursor)


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
def cancel_event(central: TheCentral, number: Number) -> Done:
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
def sell_ticket(central: TheCentral, once: TheOnce, data: JSONBody[SaleForm]) -> Sold:
    """The payload is in this answer and nowhere else."""
    return act_once(central, once, Sold, lambda connection: apply_sale(connection, central, data))


@post("/tickets/{ticket_id:str}/deny", sync_to_thread=True, status_code=200, summary="Deny a right")
def deny_ticket(central: TheCentral, ticket_id: FromPath[str], data: JSONBody[DenyForm]) -> Done:
    """Or, with reason null, allow it again."""
    with central.database.write() as connection:
        calendar = load_site(connection).calendar
        reason = None if data.reason is None else Reason(data.reason)
        orders.deny_ticket(connection, ticket_id, reason, calendar)
    return Done()


@get("/credentials/{number:int}", sync_to_thread=True, summary="A code once more")
def show_credential(central: TheCentral, number: Number) -> codes.Code:
    """To print it again."""
    with central.database.read() as connection:
        return codes.show_code(connection, central.secrets, number)


@post(
    "/credentials/{number:int}/revoke",
    sync_to_thread=True,
    status_code=200,
    summary="Revoke a code",
)
def revoke_credential(central: TheCentral, number: Number) -> Done:
    """For ever, at every gate."""
    with central.database.write() as connection:
        codes.revoke_code(connection, number, central.clock.now_ms())
    return Done()


@post("/credentials/{number:int}/replace", sync_to_thread=True, summary="Replace a lost card")
def replace_credential(central: TheCentral, once: TheOnce, number: Number) -> codes.Code:
    """The old one is revoked; the new one has the same right and the same counts."""
    now = central.clock.now_ms()
    return act_once(
        central,
        once,
        codes.Code,
        lambda connection: codes.replace_code(connection, central.secrets, number, now),
    )


@post("/devices", sync_to_thread=True, summary="Add a device for a gate")
def add_device(central: TheCentral, once: TheOnce, data: JSONBody[DeviceForm]) -> AddedDevice:
    """The enrolment text is in this answer and nowhere else; it is good for 15 minutes."""
    return act_once(
        central,
        once,
        AddedDevice,
        lambda connection: AddedDevice(*devices.apply_device(connection, central, data.gate)),
    )


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
def resolve_alert(central: TheCentral, number: Number) -> Done:
    """A person has looked."""
    with central.database.write() as connection:
        alerts.resolve_alert(connection, number, central.clock.now_ms())
    return Done()


@post("/publish", sync_to_thread=True, status_code=200, summary="Publish now")
def publish_now(central: TheCentral) -> Publication:
    """Instead of waiting for the publisher."""
    return publish(central)


def prove_once(
    request: Request[Any, Any, Any],
    body: RawBody,
    staff: TheStaff,
    idempotency_key: ShownKey = None,
) -> Once:
    """What tells a request that is repeated from a new one."""
    route = f"{route_of(request)} {request.path_params}"
    return build_once(staff.name, idempotency_key, route, body)


def build_admin_routes() -> Router:
    """The routes under ``/v1/admin``."""
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
            deny_ticket,
            show_credential,
            revoke_credential,
            replace_credential,
            add_device,
            revoke_device,
            release_device,
            resolve_alert,
            publish_now,
            *order_api.ROUTES,
            *subscription_api.ROUTES,
            *season_api.ROUTES,
            *report_api.ROUTES,
            *people_api.ROUTES,
        ],
        dependencies={
            "staff": Provide(find_staff, sync_to_thread=False),
            "once": Provide(prove_once, sync_to_thread=False),
        },
        guards=[require_staff],
        tags=["admin"],
    )
