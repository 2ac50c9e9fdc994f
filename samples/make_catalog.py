#!/usr/bin/env python3
"""Writes the sample catalogue, a Magento product export of three invented brands; always the same file."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product as combinations
from pathlib import Path
from random import Random

FILE = Path(__file__).with_name("catalog.csv")

COLUMNS = """
sku store_view_code attribute_set_code product_type categories product_websites name description
short_description weight product_online tax_class_name visibility price special_price
special_price_from_date special_price_to_date url_key meta_title meta_keywords meta_description base_image
base_image_label small_image small_image_label thumbnail_image thumbnail_image_label created_at updated_at
new_from_date new_to_date display_product_options_in map_price msrp_price map_enabled
gift_message_available custom_design custom_design_from custom_design_to custom_layout_update page_layout
product_options_container msrp_display_actual_price_type country_of_manufacture additional_attributes qty
out_of_stock_qty use_config_min_qty is_qty_decimal allow_backorders use_config_backorders min_cart_qty
use_config_min_sale_qty max_cart_qty use_config_max_sale_qty is_in_stock notify_on_stock_below
use_config_notify_stock_qty manage_stock use_config_manage_stock use_config_qty_increments qty_increments
use_config_enable_qty_inc enable_qty_increments is_decimal_divided website_id bundle_price_type bundle_values
associated_skus configurable_variations configurable_variation_labels additional_images
""".split()

# code | name | category | price in cents | grams | material | features | colours | sizes
# A family whose code ends in + has a configurable parent.
FAMILIES = """
Outdoor
TRP+ | Ridgeback Tarp | Shelters | 5995 | 780 | Ripstop nylon, silicone coated | Waterproof;Packable | Moss,Slate,Rust | 3 x 3 m,3 x 4 m
TNT  | Hollow Two-Person Tent | Shelters | 18900 | 2450 | Polyester, aluminium poles | Waterproof | Moss,Sand |
GUY  | Reflective Guy Line, 15 m | Shelters | 1295 | 110 | Polyester | Reflective | Rust,Ink |
PEG  | Y-Peg Set, 10 Pegs | Shelters | 1450 | 160 | Aluminium | Packable | Slate,Rust |
SLP+ | Tern Sleeping Bag | Sleeping | 12900 | 1350 | Recycled polyester | Washable;Packable | Moss,Ink | Regular,Long
MAT  | Drift Sleeping Mat | Sleeping | 7450 | 520 | Nylon, foam | Packable | Slate,Rust,Sand |
PIL  | Cloud Camp Pillow | Sleeping | 2195 | 95 | Cotton, polyester | Washable;Packable | Moss,Slate,Sand |
HAM  | Tarnside Hammock | Sleeping | 4900 | 640 | Parachute nylon | Packable | Moss,Rust,Ink |
STV  | Pebble Gas Stove | Camp Cooking | 3950 | 88 | Titanium | Packable | Slate |
MUG+ | Enamel Camp Mug | Camp Cooking | 1195 | 140 | Enamelled steel | Dishwasher safe | Moss,Slate,Rust,Sand | 300 ml,500 ml
SPK  | Long Spork | Camp Cooking | 895 | 18 | Titanium | Packable | Slate,Rust |
BTL+ | Burn Insulated Bottle | Camp Cooking | 2795 | 360 | Stainless steel | Insulated;Leakproof | Moss,Slate,Ink,Sand | 0.5 l,0.75 l,1 l
PAK+ | Scree Day Pack | Packs | 8950 | 890 | Ripstop nylon, mesh | Waterproof | Moss,Slate,Rust | 18 l,24 l
DRY+ | Roll-Top Dry Bag | Packs | 1750 | 90 | Coated nylon | Waterproof;Packable | Rust,Ink,Sand | 5 l,10 l,20 l
LMP  | Glow-worm Lantern | Lights | 3495 | 210 | Polycarbonate | Rechargeable | Sand,Ink |
HDL  | Crag Headlamp | Lights | 4250 | 84 | Polycarbonate, elastic | Rechargeable;Waterproof | Slate,Rust |
FIR  | Flint & Striker Set | Lights | 1095 | 45 | Ferrocerium, oak | Waterproof | Slate |
SIT  | Foldaway Sit Pad, 30 x 40 cm | Camp Furniture | 995 | 60 | Foam | Packable | Moss,Rust |
CHR  | Low Camp Chair | Camp Furniture | 6495 | 1900 | Aluminium, canvas | Packable | Moss,Sand,Ink |
TBL  | Slatted Camp Table | Camp Furniture | 7990 | 2600 | Aluminium, ash | Packable | Slate,Sand |
SOX+ | Merino Hiking Sock | Clothing | 1895 | 80 | Merino wool, nylon | Washable | Moss,Slate,Rust | S,M,L
RJK+ | Squall Rain Jacket | Clothing | 13900 | 410 | Recycled nylon | Waterproof;Packable | Moss,Ink,Rust | S,M,L,XL
GLV+ | Windproof Glove | Clothing | 3450 | 95 | Polyester, leather | Washable | Slate,Ink | S,M,L
BNI  | Fell Wool Beanie | Clothing | 2450 | 70 | Merino wool | Washable | Moss,Slate,Rust,Sand |
TOR  | Thumb-Size Torch | Lights | 1795 | 32 | Aluminium | Rechargeable;Waterproof | Slate,Rust |
TRW  | Trail Trowel | Camp Cooking | 1350 | 48 | Aluminium | Packable | Slate,Rust |
Kitchen
SKL+ | Carbon Steel Skillet | Pots\\, Pans & Lids | 4495 | 1450 | Carbon steel | Oven safe | Black | 8",10",12"
SCP+ | Copper-Base Saucepan | Pots\\, Pans & Lids | 5995 | 1100 | Stainless steel, copper | Oven safe;Dishwasher safe | Copper,Steel | 1.5 l,2.5 l
LID  | Universal Lid "One-for-All" | Pots\\, Pans & Lids | 2450 | 480 | Silicone, glass | Dishwasher safe | Black,Cream |
KNF+ | Heron Kitchen Knife | Knives & Boards | 6950 | 210 | Layered steel, walnut | Handmade | Walnut,Black | 5",7",8"
BRD  | End-Grain Board | Knives & Boards | 5450 | 2200 | Beech | Handmade | Beech,Walnut |
SHP  | Two-Sided Whetstone, 400/1000 | Knives & Boards | 3995 | 700 | Aluminium oxide |  | Cream |
KTL  | Gooseneck Kettle, 0.9 l | Coffee & Tea | 5950 | 820 | Stainless steel | Dishwasher safe | Black,Copper,Steel |
DRP  | Café Dripper Nº 2 | Coffee & Tea | 2250 | 310 | Stoneware | Dishwasher safe | Cream,Black,Sage |
GRD  | Hand Grinder "Mill & Mortar" | Coffee & Tea | 8990 | 560 | Steel, walnut |  | Walnut,Black |
TPT+ | Round Teapot | Coffee & Tea | 3495 | 740 | Stoneware | Dishwasher safe | Cream,Sage,Black | 0.6 l,1 l
BWL+ | Nesting Mixing Bowl | Baking | 1895 | 420 | Stoneware | Oven safe;Dishwasher safe | Cream,Sage,Copper | S,M,L
TIN  | Loaf Tin, 900 g | Baking | 1650 | 380 | Carbon steel | Oven safe | Black,Steel |
PIN  | Tapered Rolling Pin, 50 cm | Baking | 1990 | 450 | Beech | Handmade | Beech,Walnut |
WSK  | Balloon Whisk | Baking | 1295 | 120 | Stainless steel, beech | Dishwasher safe | Steel,Beech |
SCL  | Crème Brûlée Dish, Set of 4 | Baking | 2695 | 960 | Stoneware | Oven safe | Cream,Sage |
TWL  | Waffle Tea Towel, Set of 3 | Linen | 1895 | 260 | Linen, cotton | Washable | Cream,Sage,Black |
APR+ | Cross-Back Apron | Linen | 3950 | 410 | Linen, cotton | Washable | Cream,Sage,Black | S/M,L/XL
JAR  | Clip-Top Jar | Storage | 895 | 520 | Glass | Dishwasher safe | Clear,Smoke |
CRK  | Pickling Crock, 5 l | Storage | 6995 | 4200 | Stoneware | Dishwasher safe | Cream,Sage |
PLT+ | Speckled Plate | Tableware | 1495 | 620 | Stoneware | Oven safe;Dishwasher safe | Cream,Sage,Black | 21 cm,27 cm
CPH  | Cup Without Handle | Tableware | 1150 | 240 | Stoneware | Dishwasher safe | Cream,Sage,Black,Copper |
GLS  | Tumbler, Set of 4 | Tableware | 2995 | 980 | Glass | Dishwasher safe | Clear,Smoke |
CTL  | Cutlery, 16 Pieces | Tableware | 8450 | 1250 | Stainless steel | Dishwasher safe | Steel,Black,Copper |
SPN  | Slotted Spoon | Baking | 1195 | 70 | Beech | Handmade | Beech,Walnut |
Desk
NTB+ | Lay-Flat Notebook | Paper | 1495 | 320 | Recycled paper, linen | Recycled | Ink,Ochre,Fern,Chalk | A5,A4
PAD  | Grid Desk Pad, 50 Sheets | Paper | 1250 | 480 | Recycled paper | Recycled | Chalk,Ochre |
CRD  | Index Cards, 100 Pcs. | Paper | 595 | 180 | Recycled paper | Recycled | Chalk,Fern |
PEN+ | Brass Fountain Pen | Writing | 4850 | 38 | Brass | Refillable | Brass,Ink | F,M,B
INK  | Bottled Ink, 30 ml | Writing | 1395 | 110 | Water, pigment | Refillable | Ink,Fern,Ochre |
PCL  | Pencil Tin, 12 x HB | Writing | 1150 | 130 | Cedar, tin | Refillable | Ochre,Fern |
SHR  | Wedge Sharpener | Writing | 795 | 24 | Brass |  | Brass |
LGT  | Pivot Desk Lamp | Lamps & Stands | 8995 | 1850 | Steel, ash | Dimmable | Chalk,Ink,Fern |
STD+ | Folding Laptop Stand | Lamps & Stands | 5495 | 690 | Ash, steel | Foldable | Ash,Ink | 13",15"
MON  | Monitor Riser | Lamps & Stands | 6450 | 2900 | Ash |  | Ash,Ink |
ORG  | Three-Tier Tray | Order | 3250 | 1400 | Steel mesh | Stackable | Chalk,Ink |
CUP  | Pen Cup, Hexagonal | Order | 1595 | 290 | Stoneware |  | Chalk,Fern,Ochre |
CLP  | Bulldog Clips, 20 Pcs. | Order | 650 | 160 | Brass |  | Brass,Ink |
MTW+ | Wool Felt Desk Mat | Order | 3995 | 540 | Wool felt, cork | Washable | Ink,Fern,Chalk | 60 x 30 cm,90 x 40 cm
TOT+ | Canvas Desk Tote | Bags | 3495 | 460 | Canvas, leather | Washable | Ink,Ochre,Fern,Chalk | S,L
SLV+ | Felt Laptop Sleeve | Bags | 3950 | 230 | Wool felt | Washable | Ink,Fern,Chalk | 13",15"
LTR+ | Letter Paper, 50 Sheets | Paper | 1650 | 260 | Cotton paper | Recycled | Chalk,Ochre | A5,A4
CAL  | Wall Calendar Without Years | Paper | 2250 | 340 | Recycled paper, ash | Recycled | Chalk,Ink |
CLK  | Quiet Desk Clock | Order | 4450 | 390 | Ash, brass |  | Ash,Ink,Chalk |
BKE  | Pair of Bookends | Order | 2895 | 1700 | Steel | Stackable | Chalk,Ink,Ochre |
"""

BRANDS = {"Outdoor": "Tarnmoor", "Kitchen": "Pellwick", "Desk": "Quillbarn"}
COUNTRIES = ("Portugal", "Sweden", "Germany", "Canada", "Japan", "")

# SKUs as merchants have them: with spaces and slashes.
ODD_SKUS = {
    "PW-SHP-Cream": "PW SHP 400/1000",
    "PW-APR-S/M-Sage": "PW APR S/M Sage",
    "QB-CRD-Fern": "QB CRD/100 Fern",
    "TM-GUY-Rust": "TM GUY 15 m",
}
GERMAN = {
    "TM-STV-Slate": "Gaskocher Pebble",
    "PW-DRP-Cream": "Kaffeefilter Nº 2, cremeweiß",
    "QB-LGT-Ink": "Schreibtischleuchte mit Gelenk",
}


@dataclass(frozen=True, slots=True)
class Family:
    """Products that differ only in colour and size."""

    area: str
    code: str
    name: str
    category: str
    cents: int
    grams: int
    material: str
    features: str
    colors: tuple[str, ...]
    sizes: tuple[str, ...]
    has_parent: bool

    @property
    def brand(self) -> str:
        """The brand that makes everything of the area."""
        return BRANDS[self.area]

    @property
    def prefix(self) -> str:
        """Beginning of the family's SKUs."""
        return {"Outdoor": "TM", "Kitchen": "PW", "Desk": "QB"}[self.area] + "-" + self.code


def ean(number: int) -> str:
    """An EAN-13 of the range 290, which shops may use within and nobody is given, with its check digit."""
    digits = f"290{number:09}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def money(cents: int) -> str:
    """Six decimals, as Magento writes them."""
    return f"{cents // 100}.{cents % 100:02}0000"


def families() -> Iterator[Family]:
    """The table above, line by line."""
    area = ""
    for line in FAMILIES.strip().splitlines():
        if "|" not in line:
            area = line
            continue
        code, name, category, cents, grams, material, features, colors, sizes = (
            part.strip() for part in line.split("|")
        )
        yield Family(
            area=area,
            code=code.rstrip("+"),
            name=name,
            category=f"Default Category/{area}/{category}",
            cents=int(cents),
            grams=int(grams),
            material=material,
            features=features.replace(";", "|"),
            colors=tuple(colors.split(",")),
            sizes=tuple(sizes.split(",")),
            has_parent=code.endswith("+"),
        )


def simple_rows(family: Family, random: Random, numbers: Iterator[int]) -> Iterator[dict[str, str]]:
    """A row for each size and colour."""
    for step, (size, color) in enumerate(combinations(family.sizes, family.colors)):
        plain = (
            "-".join(filter(None, (family.prefix, size, color))).replace(" ", "").replace('"', "in")
        )
        sku = ODD_SKUS.get(plain, plain)
        number = next(numbers)
        cents = family.cents + family.cents * (step // len(family.colors)) // 5 // 50 * 50
        row = {
            **common(family, sku, " - ".join(filter(None, (family.name, size, color)))),
            "product_type": "simple",
            "weight": f"{family.grams / 1000:.6f}",
            "visibility": "Not Visible Individually" if family.has_parent else "Catalog, Search",
            "price": money(cents),
            "country_of_manufacture": random.choice(COUNTRIES),
            "qty": f"{random.choice((2, 4, 7, 12, 18, 25, 40, 60, 85, 120, 250, 900))}.0000",
        }
        attributes = {
            "brand": family.brand,
            "color": color,
            "size": size,
            "material": family.material,
            "features": family.features,
            "ean": "" if number % 23 == 7 else ean(number),
            "cost": money(cents * random.randrange(42, 66) // 100),
        }
        row["additional_attributes"] = ",".join(
            f"{code}={value}" for code, value in attributes.items() if value
        )
        yield row | special(number, cents, random) | oddities(number, family)


def common(family: Family, sku: str, name: str) -> dict[str, str]:
    """What all rows of a family have."""
    return {
        "sku": sku,
        "attribute_set_code": family.area,
        "categories": f"Default Category/{family.area},{family.category}",
        "product_websites": "base",
        "name": name,
        "description": (
            f"<p>{family.name} by {family.brand}, made of {family.material.lower()}.</p>\n"
            f"<ul>\n<li>Weighs about {family.grams} g</li>\n<li>Spare parts for ten years</li>\n</ul>"
        ),
        "short_description": f"<p>{family.name}: made to be mended.</p>",
        "product_online": "1",
        "tax_class_name": "Taxable Goods",
        "url_key": "".join(c if c.isascii() and c.isalnum() else "-" for c in sku.lower()),
        "gift_message_available": "Use config",
        "out_of_stock_qty": "0.0000",
        "min_cart_qty": "1.0000",
        "max_cart_qty": "10000.0000",
        "is_in_stock": "1",
        "notify_on_stock_below": "1.0000",
        "manage_stock": "1",
        "qty_increments": "1.0000",
        "website_id": "0",
        **dict.fromkeys((column for column in COLUMNS if column.startswith("use_config_")), "1"),
        **dict.fromkeys(
            ("is_qty_decimal", "allow_backorders", "enable_qty_increments", "is_decimal_divided"),
            "0",
        ),
    }


def special(number: int, cents: int, random: Random) -> dict[str, str]:
    """List prices, minimum advertised prices and special prices, for some."""
    row: dict[str, str] = {}
    if number % 3 == 0:
        row["msrp_price"] = money(cents * random.randrange(112, 135) // 100)
    if number % 7 == 0:
        row["map_price"] = money(cents * random.randrange(82, 93) // 100)
    if number % 11 == 0:
        row["special_price"] = money(cents * 4 // 5)
        row["special_price_from_date"] = "1/1/25"
        # Some have ended, some end far away, some never.
        row["special_price_to_date"] = ("6/30/25", "12/31/49", "")[number // 11 % 3]
    return row


def oddities(number: int, family: Family) -> dict[str, str]:
    """What not every product is: sold out, without stock keeping, disabled, on sale."""
    row: dict[str, str] = {}
    if number % 13 == 5:
        row |= {"qty": "0.0000", "is_in_stock": "0"}
    if number % 29 == 3:
        row |= {"qty": "0.0000", "manage_stock": "0", "use_config_manage_stock": "0"}
    if number % 31 == 9:
        row["product_online"] = "2"
    if number % 11 == 0:
        row["categories"] = (
            f"Default Category/{family.area},{family.category},Default Category/Sale"
        )
    return row


def parent_row(family: Family, children: list[dict[str, str]]) -> dict[str, str]:
    """The configurable product above a family's simple ones; it has no price of its own."""
    variations = []
    for child, (size, color) in zip(
        children, combinations(family.sizes, family.colors), strict=True
    ):
        variations.append(f"sku={child['sku']},size={size},color={color}")
    return common(family, family.prefix, family.name) | {
        "product_type": "configurable",
        "visibility": "Catalog, Search",
        "additional_attributes": f"brand={family.brand},material={family.material}",
        "qty": "0.0000",
        "configurable_variations": "|".join(variations),
        "configurable_variation_labels": "size=Size,color=Colour",
    }


def other_rows(by_code: dict[str, Family]) -> Iterator[dict[str, str]]:
    """One product of each further type."""
    coffee, camp, desk = by_code["DRP"], by_code["STV"], by_code["LGT"]
    none = {"qty": "0.0000", "visibility": "Catalog, Search"}
    yield (
        common(coffee, "PW-COFFEE-SET", "Morning Set: Kettle, Dripper & Grinder")
        | none
        | {
            "product_type": "bundle",
            "bundle_price_type": "dynamic",
            "bundle_values": "|".join(
                f"name={name},type=select,required=1,sku={sku},price=0.0000,default=1,default_qty=1.0000"
                for name, sku in (
                    ("Kettle", "PW-KTL-Black"),
                    ("Dripper", "PW-DRP-Black"),
                    ("Grinder", "PW-GRD-Black"),
                )
            ),
        }
    )
    yield (
        common(camp, "TM-SUPPER", "Camp Supper Collection")
        | none
        | {
            "product_type": "grouped",
            "associated_skus": "TM-STV-Slate=1.0000,TM-SPK-Slate=2.0000,TM-MUG-300ml-Slate=2.0000",
        }
    )
    yield common(coffee, "PW-CLASS", "Knife Sharpening Class, 90 Minutes") | {
        "product_type": "virtual",
        "visibility": "Catalog, Search",
        "price": money(4500),
        "additional_attributes": f"brand={coffee.brand},cost={money(1800)}",
        "qty": "16.0000",
    }
    yield common(desk, "QB-PLANNER-PDF", "Printable Year Planner") | {
        "product_type": "downloadable",
        "visibility": "Catalog, Search",
        "price": money(700),
        "additional_attributes": f"brand={desk.brand}",
        "qty": "0.0000",
        "manage_stock": "0",
        "use_config_manage_stock": "0",
    }


def rows() -> Iterator[dict[str, str]]:
    """All rows of the catalogue."""
    random = Random(20260)  # noqa: S311 - a fixed file is the point
    numbers = iter(range(1, 1000))
    by_code = {family.code: family for family in families()}
    for family in by_code.values():
        children = list(simple_rows(family, random, numbers))
        yield from children
        if family.has_parent:
            yield parent_row(family, children)
    yield from other_rows(by_code)
    for sku, name in GERMAN.items():
        yield {"sku": sku, "store_view_code": "de", "name": name}


def catalog() -> str:
    """The file's text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows())
    return text.getvalue()


def main() -> None:
    """Write the file beside this one."""
    FILE.write_text(catalog(), encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
