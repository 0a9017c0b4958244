"""Which HTTP status a refusal has: whose move it is.

Law: 401 sign again, 403 never, 404 ask for something else, 409 look first, 422 mend it, 429 wait.

Source: docs/sync-protocol.md, "Errors".
"""

from __future__ import annotations

from collections.abc import Mapping

STATUS_OF_CODE: Mapping[str, int] = {
    "body_unreadable": 400,
    "signature_refused": 401,
    "nonce_refused": 401,
    "session_refused": 401,
    "login_refused": 401,
    "code_refused": 401,
    "customer_session_refused": 401,
    "shop_locked": 403,
    "shop_not_open_yet": 403,
    "shop_closed": 403,
    "role_may_not": 403,
    "password_must_change": 403,
    "device_revoked": 403,
    "device_quarantined": 403,
    "enrolment_token": 403,
    "enrolment_signature": 403,
    "batch_signature": 403,
    "file_unknown": 404,
    "credential_unknown": 404,
    "ticket_unknown": 404,
    "order_unknown": 404,
    "device_unknown": 404,
    "event_unknown": 404,
    "alert_unknown": 404,
    "list_unknown": 404,
    "staff_unknown": 404,
    "customer_unknown": 404,
    "seat_unsold": 404,
    "member_unknown": 404,
    "link_unknown": 404,
    "entitlement_unknown": 404,
    "subscription_unknown": 404,
    "name_taken": 409,
    "plan_exists": 409,
    "subscription_refused": 409,
    "subscription_without_right": 409,
    "subscription_without_code": 409,
    "token_without_ticket": 409,
    "payment_waits": 409,
    "payment_not_manual": 409,
    "payment_unanswered": 409,
    "staff_name_taken": 409,
    "last_admin": 409,
    "price_changed": 409,
    "codes_asked_often": 429,
    "idempotency_key_reused": 409,
    "seat_refused": 409,
    "campaign_refused": 409,
    "campaign_exists": 409,
    "code_taken": 409,
    "device_key_taken": 409,
    "order_state": 409,
    "customer_subscribed": 409,
    "device_not_quarantined": 409,
    "login_throttled": 429,
}
"""Every other `InputError` is 422, every other fault 500."""
