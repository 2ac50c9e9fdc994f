"""Amazon's marketplaces in which a store can sell."""

from dataclasses import dataclass

BUSINESS_COUNTRIES = frozenset({"US", "UK", "DE", "FR"})
"""Where Amazon Business exists (behaviour 11)."""
_TAX_ON_TOP = frozenset({"US", "CA"})


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One country's Amazon: its id in the Selling Partner API, the region of its endpoint, its money and language."""

    id: str
    country: str
    region: str
    currency: str
    language: str
    domain: str

    @property
    def has_business(self) -> bool:
        """Whether Amazon Business is there, so that offers can be made to businesses."""
        return self.country in BUSINESS_COUNTRIES

    @property
    def shows_prices_with_tax(self) -> bool:
        """Whether buyers see prices with taxes in them, rather than pay those on top."""
        return self.country not in _TAX_ON_TOP


MARKETPLACES: dict[str, Marketplace] = {
    marketplace.country: marketplace
    for marketplace in (
        Marketplace("ATVPDKIKX0DER", "US", "NA", "USD", "en_US", "amazon.com"),
        Marketplace("A2EUQ1WTGCTBG2", "CA", "NA", "CAD", "en_CA", "amazon.ca"),
        Marketplace("A1AM78C64UM0Y8", "MX", "NA", "MXN", "es_MX", "amazon.com.mx"),
        Marketplace("A1F83G8C2ARO7P", "UK", "EU", "GBP", "en_GB", "amazon.co.uk"),
    )
}
"""The countries in which a store can be opened (behaviour 2), by country code."""
