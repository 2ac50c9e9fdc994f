"""Global ids: opaque to clients, base64 of type and key. The one codec of the API, of webhooks and of whatever follows."""

import base64
import binascii
from collections.abc import Iterable
from enum import StrEnum


class Kind(StrEnum):
    """Types with a life of their own, by their names in the schema."""

    STORE = "Store"
    PRODUCT = "Product"
    LISTING = "Listing"
    RULESET = "Ruleset"
    PLAN = "Plan"
    DECISION = "PriceDecision"
    RUN = "RepriceRun"
    SUBMISSION = "Submission"
    ORDER = "Order"
    CHANGE = "Change"
    OPERATION = "Operation"
    API_KEY = "ApiKey"
    OFFER_SNAPSHOT = "OfferSnapshot"
    UPLOAD = "Upload"
    COMMUNICATION_ERROR = "CommunicationError"
    WEBHOOK = "Webhook"
    WEBHOOK_DELIVERY = "WebhookDelivery"


def global_id(kind: Kind, key: str) -> str:
    """The global id of an object."""
    return base64.b64encode(f"{kind.value}:{key}".encode()).decode()


def global_ids(kind: Kind, keys: Iterable[str]) -> list[str]:
    """The global ids of many objects of one type, in a fraction of the time."""
    stem = f"{kind.value}:".encode()
    return [binascii.b2a_base64(stem + key.encode(), newline=False).decode() for key in keys]


def split(id_: str) -> tuple[Kind, str] | None:
    """Type and key of an id; None where it is no id of ours."""
    try:
        kind, _, key = base64.b64decode(id_, validate=True).decode().partition(":")
        return Kind(kind), key
    except (binascii.Error, UnicodeError, ValueError):
        return None
