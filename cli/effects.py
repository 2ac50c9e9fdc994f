"""What rules would do, as tables."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from domain.listing import sku_of
from domain.plan import BelowCost, Effect, Example, Move
from domain.run import Breach

_SHOWN = 5


def told(effect: Effect) -> Group:
    """The whole effect: counts, money, the largest moves, and an example of each kind with both traces."""
    parts: list[RenderableType] = [_counts(effect)]
    for title, moves in (
        ("Largest rises", effect.largest_up),
        ("Largest falls", effect.largest_down),
    ):
        if moves:
            parts.append(_moves(title, moves))
    for title, count, skus in (
        ("Newly listed", effect.newly_listed, effect.newly_listed_skus),
        ("Newly ineligible", effect.newly_ineligible, effect.newly_ineligible_skus),
        ("Back to eligible", effect.back_to_eligible, effect.back_to_eligible_skus),
    ):
        if count:
            parts.append(_skus(title, count, skus))
    parts += [_example(example) for example in effect.examples]
    parts += breaches_told(effect.breaches, "The guard-rails would hold all of these prices:")
    return Group(*parts)


def breaches_told(breaches: Sequence[Breach], title: str) -> list[RenderableType]:
    """What the guard-rails say, a line each, with the listings that count most."""
    lines = [f"[yellow]{title}[/yellow]"] if breaches else []
    for breach in breaches:
        skus = [sku_of(id_) for id_ in breach.listing_ids[:_SHOWN]]
        worst = f" (most: {', '.join(skus)})" if skus else ""
        lines.append(f"  {breach.note}{worst}")
    return list(lines)


def summary(effect: Effect) -> str:
    """The effect in a line."""
    if effect.is_empty:
        return "nothing changes"
    counts = {
        "up": effect.up,
        "down": effect.down,
        "priced for the first time": effect.first_priced,
        "held": sum(effect.held.values()),
        "let go": effect.released,
        "newly listed": effect.newly_listed,
        "no longer to be listed": effect.no_longer_listed,
        "newly ineligible": effect.newly_ineligible,
        "back to eligible": effect.back_to_eligible,
    }
    told_ = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return f"{told_}; the guard-rails would hold them" if effect.breaches else told_


def _counts(effect: Effect) -> Table:
    table = Table("", "", title="What would change", title_justify="left", show_header=False)
    table.columns[1].justify = "right"
    table.add_row("Prices up", f"{effect.up:,}")
    table.add_row("Prices down", f"{effect.down:,}")
    if effect.first_priced:
        table.add_row("Priced for the first time", f"{effect.first_priced:,}")
    table.add_row("Prices newly held for a person", f"{sum(effect.held.values()):,}")
    for reason, count in effect.held.items():
        table.add_row(f"  because {reason}", f"{count:,}")
    if effect.released:
        table.add_row("Held prices let go", f"{effect.released:,}")
    table.add_row("Unchanged", f"{effect.unchanged:,}", end_section=True)
    table.add_row("Newly listed", f"{effect.newly_listed:,}")
    if effect.no_longer_listed:
        table.add_row("No longer to be listed", f"{effect.no_longer_listed:,}")
    table.add_row("Newly ineligible", f"{effect.newly_ineligible:,}")
    table.add_row("Back to eligible", f"{effect.back_to_eligible:,}", end_section=True)
    table.add_row("On sale before and after", f"{effect.with_stock:,}")
    table.add_row("  sum of prices, after less before", str(effect.price_difference))
    table.add_row("Sold below cost before", _below(effect.below_cost_before))
    table.add_row("Sold below cost after", _below(effect.below_cost_after), end_section=True)
    table.add_row("Listings looked at", f"{effect.listings:,}")
    table.add_row("Products without listing looked at", f"{effect.unlisted:,}")
    return table


def _below(found: BelowCost) -> str:
    return f"{found.listings:,}, losing {found.amount}" if found.listings else "0"


def _moves(title: str, moves: Sequence[Move]) -> Table:
    table = Table("SKU", "before", "after", "by", "%", "title", title=title, title_justify="left")
    for column in table.columns[1:5]:
        column.justify = "right"
    for move in moves[:_SHOWN]:
        by, percent = move.after - move.before, f"{float(move.share * 100):+.1f}"
        table.add_row(
            move.seller_sku, move.before.amount, move.after.amount, by.amount, percent, move.title
        )
    return table


def _skus(title: str, count: int, skus: Iterable[str]) -> str:
    shown = list(skus)[:_SHOWN]
    more = f" and {count - len(shown):,} more" if count > len(shown) else ""
    return f"{title}: {', '.join(shown)}{more}"


def _example(example: Example) -> Table:
    title = f"{example.seller_sku}  {example.title}"
    table = Table("step", "now", "", "planned", "", title=title, title_justify="left")
    before, after = example.before, example.after
    table.add_row(
        "[bold]price[/bold]",
        f"[bold]{before.price.amount if before.price else '-'}[/bold]",
        _word(before.outcome, before.ineligible_because),
        f"[bold]{after.price.amount if after.price else '-'}[/bold]",
        _word(after.outcome, after.ineligible_because),
        end_section=True,
    )
    steps = list(dict.fromkeys(step.step for step in (*before.trace, *after.trace)))
    for name in steps:
        ours = [step for step in before.trace if step.step == name]
        theirs = [step for step in after.trace if step.step == name]
        for place in range(max(len(ours), len(theirs))):
            row = [name]
            for side in (ours, theirs):
                step = side[place] if place < len(side) else None
                row += [step.after.amount if step and step.after else "", step.note if step else ""]
            table.add_row(*row)
    return table


def _word(outcome: str, ineligible_because: str | None) -> str:
    return f"{outcome}, ineligible: {ineligible_because}" if ineligible_because else outcome
