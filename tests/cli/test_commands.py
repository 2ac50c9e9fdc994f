"""What a merchant does in a shell: connect, import, apply rules, ask why."""

from pathlib import Path
from typing import Any

import pytest

from domain.global_id import Kind, global_id
from domain.store import CatalogSearchSettings, StoreSettings
from services.runtime import Runtime
from storage.decisions import DECISIONS
from storage.filters import EVERYTHING
from storage.listings import LISTINGS
from storage.products import PRODUCTS
from storage.rulesets import RULESETS
from storage.stores import STORES
from tests.factories import MERCHANT, an_offer
from tests.services.amazon import SELLER_ID, Amazon, ean_of
from tests.services.shop import Shop

HEADER = (
    "sku,store_view_code,attribute_set_code,product_type,categories,name,product_online,price,"
    "additional_attributes,qty,manage_stock,use_config_manage_stock"
)
RULES = """\
kind: pricing
name: Ten off
rules:
  - key: mugs
    type: standard
    when: {all: [{fact: sku, contains: MUG}]}
    adjust: {decrease: 10%}
  - key: [pens]
    type: standard
    when: {all: [{fact: sku, contains: PEN}]}
    adjust: {decrease: 20%}
""".replace("[pens]", "pens")


def a_row(number: int, price: str = "20.00") -> str:
    return (
        f"MUG-{number},,Default,simple,Kitchen,Mug {number},1,{price},ean={ean_of(number)},10,1,0"
    )


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    file = tmp_path / "catalog.csv"
    file.write_text("\n".join([HEADER, a_row(1), a_row(2)]) + "\n")
    return file


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    return file


def test_a_store_is_opened_connected_and_listed(shell: Any) -> None:  # F001, F005
    connected = shell.connect()
    assert connected.exit_code == 0, connected.output
    assert "Connected Shop: amazon.com, prices in USD." in connected.output

    listed = shell.run("store", "list")
    assert [word in listed.output for word in ("Shop", "US", "ACTIVE")] == [True] * 3

    again = shell.connect()
    assert again.exit_code == 0
    assert len(shell.act(_stores)) == 1


def test_credentials_that_amazon_refuses_are_one_clear_line(shell: Any) -> None:  # F005
    refused = shell.connect(LWA_CLIENT_SECRET="wrong")
    assert refused.exit_code == 1
    assert "Amazon refuses these credentials" in refused.output
    assert "Traceback" not in refused.output
    assert "wrong" not in refused.output
    assert [store.connection for store in shell.act(_stores)] == [None]


def test_the_country_of_a_store_is_fixed(shell: Any) -> None:  # F009
    shell.connect()
    moved = shell.run(
        *("store", "connect", "Shop", "--seller-id", "x", "--client-id", "x"),
        *("--client-secret", "x", "--refresh-token", "x", "--country", "CA"),
    )
    assert moved.exit_code == 1
    assert "cannot be changed" in moved.output


def test_the_link_for_the_seller_opens_the_store_first(shell: Any) -> None:
    shell.environment |= {
        "SALES_CHANNEL_AMAZON_APPLICATION_ID": "amzn1.sp.solution.client",
        "SALES_CHANNEL_AMAZON_CLIENT_ID": "client",
        "SALES_CHANNEL_AMAZON_CLIENT_SECRET": "secret",
    }
    asked = ("store", "authorize", "Mine", "--email", "me@shop.com", "--country", "DE")

    first, again = shell.run(*asked), shell.run(*asked)

    assert first.exit_code == again.exit_code == 0, first.output
    assert "/apps/authorize/consent?application_id=amzn1.sp.solution.client&state=" in first.stdout
    assert len(first.stdout.split()) == 1
    assert [store.country for store in shell.act(_stores)] == ["DE"]


def test_what_does_not_work_is_named(shell: Any, amazon: Amazon) -> None:
    shell.connect()
    well = shell.run("store", "diagnose")
    amazon.revoke(SELLER_ID)

    ill = shell.run("store", "diagnose")

    assert well.exit_code == 0, well.output
    assert "BAD" not in well.output
    assert "sells on amazon.com as Our shop" in well.output
    assert ill.exit_code == 1
    assert "BAD     TOKEN" in ill.output
    assert "Authorise the store again" in ill.output


def test_an_authorisation_that_ends_soon_is_listed_as_such(shell: Any, amazon: Amazon) -> None:
    shell.connect()
    assert "renew" not in shell.run("store", "list").output

    for _ in range(48):
        amazon.advance(7 * 24 * 60)

    assert "renew it with `store authorize`" in shell.run("store", "list").output


async def _stores(runtime: Runtime) -> Any:
    return await STORES.find(runtime.scope(MERCHANT), EVERYTHING)


def test_a_catalogue_is_imported_and_the_same_again_changes_nothing(
    shell: Any, catalog: Path
) -> None:
    first = shell.run("catalog", "import", str(catalog))
    assert first.exit_code == 0, first.output
    assert "Products: 2 created, 0 changed, 0 unchanged, 0 refused." in first.output

    second = shell.run("catalog", "import", str(catalog))
    assert "Products: 0 created, 0 changed, 2 unchanged, 0 refused." in second.output


def test_a_bad_row_is_told_with_its_line_and_the_others_are_imported(
    shell: Any, catalog: Path
) -> None:
    catalog.write_text("\n".join([HEADER, a_row(1, "free"), a_row(2)]) + "\n")

    imported = shell.run("catalog", "import", str(catalog))

    assert imported.exit_code == 1
    assert "line 2, price: " in imported.output
    assert [product.sku for product in shell.act(_products)] == ["MUG-2"]


@pytest.fixture
def two_websites(tmp_path: Path) -> Path:
    """A product that one of its two websites sells at a price of its own."""
    file = tmp_path / "websites.csv"
    german = "MUG-1,german,Default,simple,,,,25.00,,,,"
    rows = [
        f"{row},{websites}"
        for row, websites in ((HEADER, "product_websites"), (a_row(1), '"base,eu"'), (german, ""))
    ]
    file.write_text("\n".join(rows) + "\n")
    return file


def test_prices_by_website_are_imported_once_the_websites_are_named(
    shell: Any, two_websites: Path
) -> None:
    refused = shell.run("catalog", "import", str(two_websites))
    assert refused.exit_code == 1
    assert "line 3, store_view_code: store view 'german' has prices of its own" in refused.output
    assert "--website eu=german" in refused.output
    assert shell.act(_products) == []

    named = ("--website", "base=default", "--website", "eu=german,french")
    imported = shell.run("catalog", "import", str(two_websites), *named)
    assert imported.exit_code == 0, imported.output
    (mug,) = shell.act(_products)
    (eu,) = mug.website_prices
    assert (eu.website, eu.sort_order, eu.prices["price"].amount) == ("eu", 2, "25.00")


@pytest.mark.parametrize(
    ("named", "told"),
    [
        (["german"], "Write a website with its store views"),
        (["eu="], "Write a website with its store views"),
        (["eu=german", "eu=french"], "once"),
        (["eu=german", "base=german"], "once"),
        (["eu=german,german"], "once"),
    ],
)
def test_websites_that_make_no_sense_are_one_clear_line(
    shell: Any, two_websites: Path, named: list[str], told: str
) -> None:
    options = [word for each in named for word in ("--website", each)]
    refused = shell.run("catalog", "import", str(two_websites), *options)
    assert (refused.exit_code, told in refused.output) == (1, True)


async def _products(runtime: Runtime) -> Any:
    return await PRODUCTS.find(runtime.scope(MERCHANT), EVERYTHING)


def test_a_file_that_is_no_export_is_one_clear_line(shell: Any, catalog: Path) -> None:
    catalog.write_text("name,colour\nMug,blue\n")
    imported = shell.run("catalog", "import", str(catalog))
    assert imported.exit_code == 1
    assert "sku" in imported.output
    assert "Traceback" not in imported.output


def test_sound_rules_are_told_to_be_so(shell: Any, rules: Path) -> None:
    checked = shell.run("rules", "check", str(rules))
    assert checked.exit_code == 0
    assert checked.output == f"{rules}: 2 pricing rules, sound\n"


def test_mistakes_in_rules_are_told_line_by_line_and_nothing_is_published(
    shell: Any, rules: Path, tmp_path: Path
) -> None:
    shell.connect()
    bad = tmp_path / "bad.yaml"
    bad.write_text(RULES.replace("decrease: 20%", "decrease: lots").replace("standard", "magic", 1))

    checked = shell.run("rules", "check", str(rules), str(bad))
    applied = shell.run("rules", "apply", str(rules), str(bad))

    for result in (checked, applied):
        assert result.exit_code == 1
        assert f"{bad}:5:11: " in result.output
        assert f"{bad}:11:24: " in result.output
    assert "Nothing was published." in applied.output
    assert shell.act(_rulesets) == []


def test_rules_are_applied_once(shell: Any, rules: Path) -> None:
    shell.connect()
    first = shell.run("rules", "apply", "--yes", str(rules))
    assert (first.exit_code, first.output.splitlines()[-1]) == (
        0,
        "rules.yaml: pricing rules version 1 is in force now.",
    )
    second = shell.run("rules", "apply", "--yes", str(rules))
    assert second.output.splitlines()[-1] == (
        "rules.yaml: pricing rules version 1 is in force already."
    )
    assert len(shell.act(_rulesets)) == 1


async def _rulesets(runtime: Runtime) -> Any:
    return await RULESETS.find(runtime.scope(MERCHANT), EVERYTHING)


def test_without_one_store_to_choose_a_command_says_so(shell: Any, rules: Path) -> None:
    none = shell.run("rules", "apply", "--yes", str(rules))
    assert none.exit_code == 1
    assert "there are: none yet" in none.output

    shell.connect("First")
    shell.connect("Second")
    many = shell.run("rules", "apply", "--yes", str(rules))
    assert "there are: First, Second" in many.output
    assert shell.run("rules", "apply", "--yes", str(rules), "--store", "Second").exit_code == 0


def test_explain_tells_the_steps_the_rules_and_the_competitors(
    shell: Any, amazon: Amazon, catalog: Path, rules: Path
) -> None:
    shell.connect()
    shell.run("catalog", "import", str(catalog))
    shell.run("rules", "apply", "--yes", str(rules))

    async def goes_live(runtime: Runtime) -> None:
        scope = runtime.scope(MERCHANT)
        (store,) = await STORES.find(scope, EVERYTHING)
        shop = Shop(runtime, amazon, scope, store.id)
        await shop.change_settings(catalog_search=CatalogSearchSettings(ean="ean", general=None))
        await shop.match()
        await shop.see(an_offer("RIVAL", "17.50", is_buy_box_winner=True))
        await shop.settle()
        amazon.advance(600)

    shell.act(goes_live)
    told = shell.run("explain", "MUG-1")

    assert told.exit_code == 0, told.output
    for expected in (
        "ACTIVE, 18.00 USD",
        "CHANGE (RULES)",
        "SOURCE",
        "mugs: It applied",
        "sku contains MUG: holds, it is MUG-1",
        "sku contains PEN: fails, it is MUG-1",
        "RIVAL",
        "Buy Box",
    ):
        assert expected in told.output, told.output

    told = shell.run("history", "MUG-1", "--points", "500", "--days", "1")
    [line] = (line for line in told.output.splitlines() if "18.00" in line)
    shown = [cell.strip() for cell in line.strip("│").split("│")]
    assert shown[1:] == ["18.00", "18.00", "18.00", "17.50", "17.50", "1"]
    assert shell.run("history", "NEVER").exit_code != 0
    before = shell.act(_listings)
    now = shell.run("explain", "MUG-1", "--now")
    assert "KEEP (RULES)" in now.output
    assert shell.act(_listings) == before

    again = shell.run("explain", "MUG-1", "--replay")
    assert again.exit_code == 0, again.output
    assert "decided again: the same, byte for byte." in again.output
    made = next(row.price_decision_id for row in before if row.seller_sku == "MUG-1")
    assert f"Decision {made}" in again.output
    assert shell.run("explain", "MUG-1", "--now", "--replay").exit_code == 1
    assert shell.run("explain", "MUG-1", "--decision", "none").exit_code == 1
    shell.act(_tampered)
    of_the_api = global_id(Kind.DECISION, made)
    again = shell.run("explain", "MUG-1", "--decision", of_the_api, "--replay")
    assert again.exit_code == 1
    assert "price_after.minor" in again.output, again.output


async def _tampered(runtime: Runtime) -> None:
    change = {"$set": {"price_after.minor": 1}}
    await runtime.scope(MERCHANT).update_many(DECISIONS.name, {}, change)


async def _listings(runtime: Runtime) -> Any:
    return await LISTINGS.find(runtime.scope(MERCHANT), EVERYTHING)


def test_explaining_what_is_not_there_says_so(shell: Any) -> None:
    shell.connect()
    told = shell.run("explain", "NO-SUCH")
    assert told.exit_code == 1
    assert "Shop has no listing with the seller SKU 'NO-SUCH'." in told.output


def test_a_store_starts_with_the_documented_settings(shell: Any) -> None:  # F017
    shell.connect()
    (store,) = shell.act(_stores)
    assert store.settings == StoreSettings()
