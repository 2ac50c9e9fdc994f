"""Amazon's marketplaces in which a store can sell."""

from dataclasses import dataclass

from domain.money import CURRENCY_DIGITS

BUSINESS_COUNTRIES = frozenset({"US", "UK", "DE", "FR"})
"""Where Amazon Business is documented to exist (behaviour 11)."""
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
    """Where buyers find it."""
    seller_central: str
    """Where its sellers sign in, and allow an application to act for them."""

    @property
    def currency_digits(self) -> int:
        """Decimal digits of its prices."""
        return CURRENCY_DIGITS[self.currency]

    @property
    def has_business(self) -> bool:
        """Whether Amazon Business is there, so that offers can be made to businesses."""
        return self.country in BUSINESS_COUNTRIES

    @property
    def shows_prices_with_tax(self) -> bool:
        """Whether buyers see prices with taxes in them, rather than pay those on top."""
        return self.country not in _TAX_ON_TOP


def _read(table: str) -> dict[str, Marketplace]:
    """Lines of country, region, id, currency, language, domain, and the host of Seller Central, which is mostly the domain's."""
    found = {}
    for line in table.strip().splitlines():
        country, region, id_, currency, language, domain, *shared = line.split()
        host = shared[0] if shared else f"sellercentral.{domain}"
        found[country] = Marketplace(id_, country, region, currency, language, domain, host)
    return found


MARKETPLACES = _read("""
US NA ATVPDKIKX0DER  USD en_US amazon.com
CA NA A2EUQ1WTGCTBG2 CAD en_CA amazon.ca
MX NA A1AM78C64UM0Y8 MXN es_MX amazon.com.mx
BR NA A2Q3Y263D00KWC BRL pt_BR amazon.com.br
UK EU A1F83G8C2ARO7P GBP en_GB amazon.co.uk  sellercentral-europe.amazon.com
DE EU A1PA6795UKMFR9 EUR de_DE amazon.de     sellercentral-europe.amazon.com
FR EU A13V1IB3VIYZZH EUR fr_FR amazon.fr     sellercentral-europe.amazon.com
IT EU APJ6JRA9NG5V4  EUR it_IT amazon.it     sellercentral-europe.amazon.com
ES EU A1RKKUPIHCS9HS EUR es_ES amazon.es     sellercentral-europe.amazon.com
NL EU A1805IZSGTT6HS EUR nl_NL amazon.nl
BE EU AMEN7PMS3EDWL  EUR fr_BE amazon.com.be
IE EU A28R8C7NBKEWEA EUR en_IE amazon.ie
SE EU A2NODRKZP88ZB9 SEK sv_SE amazon.se
PL EU A1C3SOZRARQ6R3 PLN pl_PL amazon.pl
TR EU A33AVAJ2PDY3EV TRY tr_TR amazon.com.tr
AE EU A2VIGQ35RCS4UG AED en_AE amazon.ae
SA EU A17E79C6D8DWNP SAR ar_AE amazon.sa
EG EU ARBP9OOSHTCHU  EGP ar_AE amazon.eg
ZA EU AE08WJ6YKNBMC  ZAR en_ZA amazon.co.za
IN EU A21TJRUUN4KGV  INR en_IN amazon.in
JP FE A1VC38T7YXB528 JPY ja_JP amazon.co.jp
AU FE A39IBJ37TRP1C6 AUD en_AU amazon.com.au
SG FE A19VAU5U5O7RUS SGD en_SG amazon.sg
""")
"""The countries in which a store can be opened, by country code; Amazon calls the United Kingdom UK."""
