"""Sellers v1: getMarketplaceParticipations."""

from connectors.simulator.operations import Call
from connectors.simulator.wire import JsonObject


def get_marketplace_participations(call: Call) -> JsonObject:
    """The one marketplace of the scenario, in which every seller takes part."""
    marketplace = call.world.marketplace
    return {
        "payload": [
            {
                "marketplace": {
                    "id": marketplace.id,
                    "name": marketplace.domain.capitalize(),
                    "countryCode": "GB" if marketplace.country == "UK" else marketplace.country,
                    "defaultCurrencyCode": marketplace.currency,
                    "defaultLanguageCode": marketplace.language,
                    "domainName": f"www.{marketplace.domain}",
                },
                "participation": {"isParticipating": True, "hasSuspendedListings": False},
                "storeName": call.world.sellers[call.seller_id].name,
            }
        ]
    }
