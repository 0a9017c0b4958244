"""The API is as it is described: schemathesis makes requests from the description and holds every answer to it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings

from server_stub.api import (
    benefit_forms,
    forms,
    order_api,
    people_api,
    season_forms,
    shop_api,
    staff_forms,
    subscription_forms,
)
from server_stub.api.examples import EXAMPLES
from server_stub.central import Central
from server_stub.seating import seat_sale
from server_stub.subscribing import plans, subscriptions
from support.central_site import museum, sell_annual, served, signed_in

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of a library and its own dependencies, at their import
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

CASES_EACH = 2
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Central, str]]:
    with museum(tmp_path_factory.mktemp("site")) as central, served(central) as url:
        sell_annual(central)
        yield central, url


def hold(operation: Any, url: str, token: str) -> int:
    """Tries one operation; how often."""
    tried = 0

    @settings(
        max_examples=CASES_EACH,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def try_once(case: Any) -> None:
        nonlocal tried
        tried += 1
        case.call_and_validate(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, checks=CHECKS
        )

    try_once()
    return tried


@pytest.mark.timeout(120)
def test_no_request_of_the_description_breaks_the_central(site: tuple[Central, str]) -> None:
    central, url = site
    schema = schemathesis.openapi.from_dict(
        requests.get(f"{url}/schema/openapi.json", timeout=20).json()
    )
    tried = [
        hold(operation.ok(), url, signed_in(central)) for operation in schema.get_all_operations()
    ]

    assert len(tried) > 35
    assert min(tried) >= 1


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_is_one(name: str) -> None:
    homes = (
        forms,
        staff_forms,
        benefit_forms,
        order_api,
        people_api,
        shop_api,
        plans,
        subscriptions,
        subscription_forms,
        season_forms,
        seat_sale,
    )
    form = next(found for home in homes if (found := getattr(home, name, None)))

    assert msgspec.convert(EXAMPLES[name], form)


def test_every_body_that_staff_send_has_an_example(site: tuple[Central, str]) -> None:
    described = requests.get(f"{site[1]}/schema/openapi.json", timeout=20).json()
    bodies = {
        content["schema"]["$ref"].rpartition("/")[2]
        for path, methods in described["paths"].items()
        if path.startswith(("/v1/admin", "/v1/staff"))
        for operation in methods.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    }
    schemas = described["components"]["schemas"]

    assert len(bodies) > 10
    assert [name for name in bodies if not schemas[name].get("examples")] == []


def test_the_page_shows_every_route_and_asks_nobody_else_for_anything(
    site: tuple[Central, str],
) -> None:
    described = requests.get(f"{site[1]}/schema/openapi.json", timeout=20).json()
    reply = requests.get(f"{site[1]}/schema", timeout=20)
    page = reply.text

    assert reply.headers["content-type"].startswith("text/html")
    assert [path for path in described["paths"] if path not in page] == []
    assert re.findall(r'(?:src|href)="(?!#|/schema)[^"]+"', page) == []
    assert re.findall(r"<script|<link|@import|url\(", page) == []
    assert "default-src 'none'" in page
