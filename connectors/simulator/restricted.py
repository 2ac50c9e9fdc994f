"""Tokens 2021-03-01: createRestrictedDataToken."""

import secrets

from connectors.simulator.clock import HOUR
from connectors.simulator.operations import Call
from connectors.simulator.wire import JsonObject, invalid, read_object
from connectors.simulator.world import Token

_MOST_RESOURCES = 50
_METHODS = frozenset({"GET", "PUT", "POST", "DELETE"})
_ELEMENTS = frozenset({"buyerInfo", "shippingAddress", "buyerTaxInformation"})
_DOCUMENTS = "/reports/2021-06-30/documents/"


def create_restricted_data_token(call: Call) -> JsonObject:
    """A token for personal data of the resources that are named, and for nothing else."""
    resources = read_object(call.body).get("restrictedResources")
    if not isinstance(resources, list) or not 1 <= len(resources) <= _MOST_RESOURCES:
        raise invalid(f"restrictedResources takes 1 to {_MOST_RESOURCES} resources.")
    named = [_resource(each) for each in resources]
    token = f"Atz.sprdt|{secrets.token_urlsafe(48)}"
    call.world.tokens[token] = Token(
        call.client_id, call.seller_id, None, call.world.now_ms + HOUR, named
    )
    return {"restrictedDataToken": token, "expiresIn": HOUR // 1_000}


def _resource(given: object) -> str:
    if not isinstance(given, dict) or given.get("method") not in _METHODS:
        raise invalid("Each restricted resource has a method and a path.")
    path, elements = given.get("path"), given.get("dataElements", [])
    if not isinstance(path, str) or not path.startswith("/"):
        raise invalid("The path of a restricted resource starts with a slash.")
    if not isinstance(elements, list) or not set(map(str, elements)) <= _ELEMENTS:
        raise invalid(f"dataElements takes {', '.join(sorted(_ELEMENTS))}.")
    if path.startswith(_DOCUMENTS) and "{" in path:
        raise invalid("A report document is named by its specific path, not a generic one.")
    return f"{given['method']} {path}"
