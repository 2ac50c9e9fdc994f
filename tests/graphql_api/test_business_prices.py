"""Business prices and list prices: live, wanted, decided and on their way to Amazon."""

from domain.decision import BusinessPrice, QuantityPrice
from domain.listing import OfferTerms
from storage.decisions import DECISIONS
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.stores import STORES
from storage.submissions import SUBMISSIONS
from tests.factories import a_listing, a_store, usd
from tests.graphql_api.conftest import Ask
from tests.graphql_api.seeds import a_decision, a_submission

QUERY = """
{ listings { nodes {
    businessPrice { ...Told } listPrice { amount }
    wantedBusinessPrice { ...Told } wantedListPrice { amount }
    latestDecision { businessPrice { ...Told } listPrice { amount } }
    openSubmission {
      businessPrice { ...Told } isBusinessPriceWithdrawn
      listPrice { amount } isListPriceWithdrawn
    }
} } }
fragment Told on BusinessPrice { price { amount currencyCode } tiers { atLeast price { amount } } }
"""
TIERED = BusinessPrice(
    usd("20.00"), (QuantityPrice(5, usd("19.00")), QuantityPrice(10, usd("18.00")))
)
TOLD = {
    "price": {"amount": "20.00", "currencyCode": "USD"},
    "tiers": [
        {"atLeast": 5, "price": {"amount": "19.00"}},
        {"atLeast": 10, "price": {"amount": "18.00"}},
    ],
}


async def test_a_listing_shows_what_businesses_pay_and_what_they_are_to_pay(
    scope: Scope, ask: Ask
) -> None:
    decision = a_decision(1, business=TIERED, list_price=usd("25.00"))
    terms = OfferTerms(TIERED, usd("25.00"))
    listing = a_listing(
        business=BusinessPrice(usd("21.00")),
        list_price=usd("26.00"),
        wanted_terms=terms,
        last_decision_id=decision.id,
    )
    await STORES.insert(scope, [a_store()])
    await DECISIONS.insert(scope, [decision])
    await SUBMISSIONS.insert(scope, [a_submission(decision, terms=terms)])
    await LISTINGS.insert(scope, [listing])

    assert (await ask(QUERY))["listings"]["nodes"] == [
        {
            "businessPrice": {"price": {"amount": "21.00", "currencyCode": "USD"}, "tiers": []},
            "listPrice": {"amount": "26.00"},
            "wantedBusinessPrice": TOLD,
            "wantedListPrice": {"amount": "25.00"},
            "latestDecision": {"businessPrice": TOLD, "listPrice": {"amount": "25.00"}},
            "openSubmission": {
                "businessPrice": TOLD,
                "isBusinessPriceWithdrawn": False,
                "listPrice": {"amount": "25.00"},
                "isListPriceWithdrawn": False,
            },
        }
    ]


async def test_a_submission_says_what_it_withdraws(scope: Scope, ask: Ask) -> None:
    decision = a_decision(1)
    terms = OfferTerms(withdraws_business=True)
    await STORES.insert(scope, [a_store()])
    await DECISIONS.insert(scope, [decision])
    await SUBMISSIONS.insert(scope, [a_submission(decision, terms=terms)])
    await LISTINGS.insert(scope, [a_listing(last_decision_id=decision.id, wanted_terms=terms)])

    assert (await ask(QUERY))["listings"]["nodes"] == [
        {
            "businessPrice": None,
            "listPrice": None,
            "wantedBusinessPrice": None,
            "wantedListPrice": None,
            "latestDecision": {"businessPrice": None, "listPrice": None},
            "openSubmission": {
                "businessPrice": None,
                "isBusinessPriceWithdrawn": True,
                "listPrice": None,
                "isListPriceWithdrawn": False,
            },
        }
    ]
