"""The log of communication errors over the API: its columns (behaviour 16) and its filters."""

from datetime import timedelta

from domain.communication_error import ErrorClass
from storage.communication_errors import ERRORS
from storage.mongo import Scope
from storage.stores import STORES
from tests.factories import NOW, a_store
from tests.graphql_api.conftest import Ask
from tests.graphql_api.seeds import a_communication_error

SHOWN = """
{
  communicationErrors {
    nodes {
      operation errorClass code message verdict httpStatus requestIds occurrenceCount firstSeenAt lastSeenAt
      store { name marketplace { region } }
    }
  }
}
"""


async def test_an_error_is_shown_with_store_region_code_message_and_when(  # F153
    ask: Ask, scope: Scope
) -> None:
    await STORES.insert(scope, [a_store()])
    await ERRORS.insert(scope, [a_communication_error()])
    (shown,) = (await ask(SHOWN))["communicationErrors"]["nodes"]
    first, last = shown.pop("firstSeenAt"), shown.pop("lastSeenAt")
    assert first < last
    assert shown == {
        "operation": "patchListingsItem",
        "errorClass": "THROTTLED",
        "code": "QuotaExceeded",
        "message": "You exceeded your quota",
        "verdict": "RETRIED",
        "httpStatus": 429,
        "requestIds": ["req-1", "req-2"],
        "occurrenceCount": 2,
        "store": {"name": a_store().name, "marketplace": {"region": "NA"}},
    }


async def test_errors_are_filtered_and_those_seen_last_come_first(ask: Ask, scope: Scope) -> None:
    await ERRORS.insert(
        scope,
        [
            a_communication_error(last_seen_at=NOW),
            a_communication_error(
                "getFeed", ErrorClass.NOT_FOUND, None, last_seen_at=NOW + timedelta(hours=1)
            ),
        ],
    )
    since = f"{NOW + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    for where, found in (
        ("", ["getFeed", "patchListingsItem"]),
        ("(where: {errorClass: {eq: THROTTLED}})", ["patchListingsItem"]),
        ('(where: {operation: {eq: "getFeed"}})', ["getFeed"]),
        (f'(where: {{lastSeenAt: {{gte: "{since}"}}}})', ["getFeed"]),
    ):
        told = await ask(f"{{ communicationErrors{where} {{ nodes {{ operation }} }} }}")
        assert [row["operation"] for row in told["communicationErrors"]["nodes"]] == found, where
