"""Prices that websites of the catalogue have of their own (behaviour 10), from the rows of their store views.

Magento's export writes a row for each store view in which a product differs from its default values: the same SKU,
the view's code, and of the other cells only those that differ. Views of a website share its prices. To which
website a view belongs is not in the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.magento.attributes import (
    SPECIAL_FROM,
    SPECIAL_TO,
    BadCell,
    Catalogue,
    attributes_of,
    prices_among,
)
from domain.money import Money
from domain.product import WebsitePrices

_VIEW = "store_view_code"


@dataclass(frozen=True, slots=True)
class ViewRow:
    """What one store view says otherwise of a product: its cells by column, without the empty ones."""

    line: int
    cells: Mapping[str, str]

    @property
    def view(self) -> str:
        """Code of the store view."""
        return self.cells[_VIEW]


def has_prices(row: ViewRow, catalogue: Catalogue) -> bool:
    """Whether a store view says anything of prices.

    Raises:
        BadCell: that cannot be told.
    """
    codes = attributes_of(row.cells).keys()
    return bool(codes & (catalogue.price_codes | {SPECIAL_FROM, SPECIAL_TO}))


def website_prices(
    product: Mapping[str, str], views: Sequence[ViewRow], catalogue: Catalogue
) -> tuple[WebsitePrices, ...]:
    """The prices of each website in which a product has some of its own, in the order in which they count.

    `product` is the content of the product's own row, and what a view does not say is as it is there.

    Raises:
        BadCell: the website of a view is not known, or its prices cannot be used.
    """
    found: dict[str, dict[str, Money]] = {}
    for row in views:
        try:
            if has_prices(row, catalogue):
                website = _website(row, product, catalogue)
                _add(found.setdefault(website, {}), row, product, catalogue)
        except BadCell as error:
            raise BadCell(error.column, error.message, row.line) from None
    sold_in = _websites_of(product) or found
    return tuple(
        WebsitePrices(website, place, found[website])
        for place, website in enumerate(catalogue.websites or found, 1)
        if website in sold_in and found.get(website)
    )


def _add(
    prices: dict[str, Money], row: ViewRow, product: Mapping[str, str], catalogue: Catalogue
) -> None:
    """Add what a view says to the prices of its website."""
    default, own = attributes_of(product), attributes_of(row.cells)
    before, after = prices_among(default, catalogue), prices_among(default | own, catalogue)
    if before.keys() - after.keys():
        message = "the special price is in force by default and not in this store view, which cannot be kept; give the view a special price of its own"
        raise BadCell(SPECIAL_TO, message)
    for code, price in after.items():
        if code not in own and price == before.get(code):
            continue
        if prices.setdefault(code, price) != price:
            message = f"another store view of the same website has {prices[code]} as its {code}; the views of a website share their prices"
            raise BadCell(own[code][0] if code in own else _VIEW, message)


def _website(row: ViewRow, product: Mapping[str, str], catalogue: Catalogue) -> str:
    """The website of a store view: the one that was named with it, or the only one of the product."""
    for website, views in catalogue.websites.items():
        if row.view in views:
            return website
    sold_in = _websites_of(product)
    if len(sold_in) == 1 and not catalogue.websites:
        return sold_in[0]
    message = (
        f"store view {row.view!r} has prices of its own, and the file does not say to which website it belongs; "
        f"name it with the import, as in --website {sold_in[-1] if sold_in else 'base'}={row.view}"
    )
    raise BadCell(_VIEW, message)


def _websites_of(product: Mapping[str, str]) -> list[str]:
    """Codes of the websites in which a product is."""
    return [
        code for each in product.get("product_websites", "").split(",") if (code := each.strip())
    ]
