"""Pages that are cut by position, with tokens bound to the request that they continue."""

from collections.abc import Sequence
from typing import TypeVar

from connectors.simulator.operations import Call
from connectors.simulator.wire import JsonObject, invalid, paging_token, read_token

T = TypeVar("T")

MOST_RESULTS = 1_000
"""How far listings and catalogue searches can be paged through."""
_FREE = frozenset({"pageToken", "pageSize", "includedData"})


def page(call: Call, found: Sequence[T]) -> tuple[Sequence[T], JsonObject]:
    """One page of what was found, and the tokens for its neighbours."""
    size = call.query.whole("pageSize", 10, 1, 20)
    bound_to = f"{call.seller_id}:{call.query.fingerprint(without=_FREE)}"
    token = call.query.one("pageToken")
    start = read_token(token, bound_to).get("at") if token else 0
    if not isinstance(start, int):
        raise invalid("The paging token is not valid.")
    end = min(start + size, MOST_RESULTS)
    neighbours: JsonObject = {}
    if end < min(len(found), MOST_RESULTS):
        neighbours["nextToken"] = paging_token({"for": bound_to, "at": end})
    if start:
        neighbours["previousToken"] = paging_token({"for": bound_to, "at": max(0, start - size)})
    return found[start:end], neighbours
