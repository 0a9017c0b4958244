"""One example of every body that staff send, for the API's description.

Law: each is parsed by a test with the very form that it is an example of, and every form that a route takes has one.

Source: docs/central.md, "API".
"""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "ZoneForm": {"name": "hall"},
    "ScopeForm": {"name": "Summer concerts"},
    "GateForm": {"name": "Main entrance", "zone": "hall", "direction": "in", "types": []},
    "TypeForm": {
        "name": "Annual pass",
        "validity": "365 days after purchase",
        "rule": {"max_total": 50, "max_per_day": 1},
    },
    "RuleForm": {
        "max_total": None,
        "max_per_day": 1,
        "windows": [{"days": ["mon", "tue"], "from": "09:00", "until": "16:00"}],
    },
    "EventForm": {
        "name": "Match 1",
        "starts_at": "2027-05-01T20:00",
        "ends_at": "2027-05-01T22:00",
        "scopes": ["Summer concerts"],
    },
    "OperatorForm": {"name": "Ines", "role": "supervisor", "pin": "4711"},
    "PolicyForm": {"name": "soft_age_s", "value": "3600"},
    "SaleForm": {"type": "Annual pass", "email": "ann@example.org", "holder": "Ann Example"},
    "OrderForm": {"email": "ann@example.org"},
    "PayForm": {"paid_by": "cash"},
    "RefundForm": {"ticket_id": None},
    "HolderForm": {"holder": "Ann Example"},
    "PinForm": {"email": "ann@example.org", "tag": "Press", "expires_at": "2026-12-31T20:00"},
    "AttributeForm": {"email": "ann@example.org", "name": "town", "value": "Lyon"},
    "SegmentForm": {"name": "Members", "condition": {"tag": "Membre 2025"}},
    "EntitlementForm": {
        "name": "Members' tenth",
        "condition": {"segment": "Members"},
        "var_discount": {"share_bp": 1000, "max_minor": 500},
        "waive_fees": True,
    },
    "ActiveForm": {"is_active": False},
    "ShopForm": {"name": "Members", "types": ["Annual pass"], "tags": ["Membre 2025"]},
    "EmailForm": {"email": "ann@example.org"},
    "CodeForm": {"email": "ann@example.org", "code": "12345678"},
    "CartForm": {"shop": "Members"},
    "LineForm": {"type": "Annual pass", "holder": "Ann Example"},
    "NamedAttributeForm": {"name": "genre", "value": "opera"},
    "PlanForm": {
        "name": "Friends",
        "type": "Friend",
        "every": "month",
        "price_minor": 1000,
        "currency": "EUR",
        "tags": [{"tag": "Friend of the house"}],
    },
    "SubscribeForm": {
        "plan": "Friends",
        "email": "ann@example.org",
        "card": "4242424242424242",
    },
    "SettleForm": {"means": "cash", "reference": "R-17"},
    "CardForm": {"card": "4242424242424242"},
    "MyPaymentForm": {"card": "4242424242424242"},
    "UpgradeForm": {"plan": "Patrons"},
    "CardCodeForm": {"code": None},
    "ReplaceForm": {"code": None},
    "SeasonForm": {
        "name": "Season 2027",
        "first_day": "2027-08-01",
        "last_day": "2028-05-31",
        "price_minor": 25000,
        "match_price_minor": 2000,
    },
    "SeatMapForm": {"csv": "block,row,number\nNorth,A,12\n"},
    "MatchForm": {
        "name": "Match 1",
        "starts_at": "2027-09-05T20:00",
        "ends_at": "2027-09-05T22:00",
    },
    "TimesForm": {"starts_at": "2027-09-06T18:00", "ends_at": "2027-09-06T20:00"},
    "SeatSaleForm": {"season": "Season 2027", "seat": "A-12", "email": "ann@example.org"},
    "SeatCardForm": {"season": "Season 2027", "seat": "A-12", "card": "4242424242424242"},
    "SeatForm": {"event": 2, "seat": "A-12"},
    "OfferForm": {"event": 2, "seat": "A-12", "email": "ben@example.org"},
    "ChangeSeatForm": {"event": 2, "seat": "A-12", "to_seat": "A-14"},
    "UpgradeSeatForm": {"event": 2, "seat": "A-12", "price_minor": 500, "paid_by": "cash"},
    "CampaignForm": {
        "name": "Renewals 2028",
        "season": "Season 2028",
        "mode": "opt_out",
        "charge_at": "2028-06-01T09:00",
        "priority_ends_on": "2028-06-30",
    },
    "ChoiceForm": {"seat": "A-12", "choice": "out"},
    "RenewForm": {"seat": "A-12", "paid_by": "cash"},
    "LinkForm": {"card": "4242424242424242"},
    "ImportForm": {"content": "email;tag\nann@example.org;Press\n", "kind": "csv", "is_dry": True},
    "PersonForm": {"who": "ann@example.org"},
    "DenyForm": {"reason": "UNPAID"},
    "DeviceForm": {"gate": "Main entrance"},
    "LoginForm": {"name": "admin", "password": "the one-time password"},
    "PasswordForm": {"old": "the one-time password", "new": "four words nobody guesses"},
    "StaffForm": {"name": "ann.smith", "role": "desk"},
    "StaffRoleForm": {"role": "organiser"},
}
