"""`explain SKU`: why a price is what it is."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.tree import Tree

from cli.session import console, open_session, run, the_store
from domain.decision import ConditionVerdict, Decision, RuleVerdict
from domain.errors import NotFound
from domain.global_id import Kind, split
from domain.listing import Listing, listing_id
from domain.offer import OfferSnapshot, snapshot_id
from domain.replay import Replay, ReplayOutcome
from services import decisions, replays
from storage.decisions import DECISIONS
from storage.listings import LISTINGS
from storage.mongo import Scope
from storage.offers import SNAPSHOTS


def explain(
    sku: Annotated[str, typer.Argument(help="Seller SKU.")],
    store: Annotated[str | None, typer.Option(help="Store, where there are several.")] = None,
    now: Annotated[
        bool,
        typer.Option(
            "--now", help="Decide as of now, instead of showing the decision that set the price."
        ),
    ] = False,
    decision_id: Annotated[
        str | None,
        typer.Option("--decision", help="Show this decision of the listing, by its id."),
    ] = None,
    replay: Annotated[
        bool,
        typer.Option(
            "--replay",
            help="Decide it again from what was kept of it; status 1 if that is not the same.",
        ),
    ] = False,
) -> None:
    """Show why a listing's price is what it is: each step, each rule, each condition, and the competitors."""

    async def main() -> None:
        async with open_session() as runtime:
            scope = runtime.scope(runtime.settings.merchant)
            chosen = await the_store(scope, store)
            listing = await LISTINGS.get(scope, listing_id(chosen.id, sku))
            if listing is None:
                raise NotFound(f"{chosen.name} has no listing with the seller SKU {sku!r}.")
            snapshot = await SNAPSHOTS.get(scope, snapshot_id(chosen.id, listing.asin or ""))
            recorded = None if now else await _recorded(scope, listing, decision_id)
            if replay and recorded is None:
                raise NotFound(f"No decision of {sku!r} is recorded that could be made again.")
            decision = recorded or await decisions.explain(runtime, scope, listing)
            rules = (await decisions.verdicts(runtime, scope, [decision]))[0] if decision else ()
            console.print(_told(listing, decision, rules, snapshot))
            if replay and recorded is not None:
                (told,) = await replays.replay(runtime, scope, [recorded])
                console.print(_told_again(recorded.id, told))
                if told.outcome is not ReplayOutcome.SAME:
                    raise typer.Exit(1)

    run(main)


async def _recorded(scope: Scope, listing: Listing, id_: str | None) -> Decision | None:
    """The decision that is asked for, by its own id or the API's, or else the one that explains the price."""
    if id_ is None:
        # A held price is explained by what holds it, any other by the decision that set it.
        id_ = listing.last_decision_id if listing.hold else listing.price_decision_id
        return await DECISIONS.get(scope, id_) if id_ else None
    _, key = split(id_) or (Kind.DECISION, id_)
    decision = await DECISIONS.get(scope, key)
    if decision is None or decision.listing_id != listing.id:
        raise NotFound(f"{listing.seller_sku!r} has no decision {id_!r}.")
    return decision


def _told(
    listing: Listing,
    decision: Decision | None,
    rules: Sequence[RuleVerdict],
    snapshot: OfferSnapshot | None,
) -> Group:
    live = listing.price or "not live"
    head = f"[bold]{listing.seller_sku}[/bold]  {listing.title}\n{listing.status}, {live}"
    if listing.wanted_price and listing.wanted_price != listing.price:
        head += f", {listing.wanted_price} under way"
    if listing.hold:
        head += f"\n[yellow]held: {listing.hold}[/yellow]"
    if decision is None:
        return Group(Panel(head), "No product of the catalogue belongs to this listing.")
    parts: list[RenderableType] = [Panel(head), _steps(decision), _tree(rules)]
    if snapshot:
        parts.append(_offers(snapshot))
    return Group(*parts)


def _steps(decision: Decision) -> Table:
    title = f"{decision.outcome} ({decision.reason}), {decision.decided_at:%Y-%m-%d %H:%M} UTC"
    table = Table("step", "rule", "before", "after", "why", title=title, title_justify="left")
    for step in decision.trace:
        before = step.before.amount if step.before else ""
        after = step.after.amount if step.after else ""
        table.add_row(step.step, step.rule_key or "", before, after, step.note)
    return table


_AGAIN = {
    ReplayOutcome.SAME: "[green]the same, byte for byte[/green]",
    ReplayOutcome.DIFFERENT: "[red]not what is recorded[/red]",
    ReplayOutcome.NOT_KEPT: "not possible, since what it was decided from was not kept, or is damaged",
    ReplayOutcome.OTHER_VERSION: "not possible, since another version of this program decided it",
}


def _told_again(id_: str, told: Replay) -> RenderableType:
    head = f"Decision {id_}, decided again: {_AGAIN[told.outcome]}."
    if not told.differences:
        return head
    table = Table("part", "recorded", "again", title=head, title_justify="left")
    for each in told.differences:
        table.add_row(each.path, escape(each.recorded or ""), escape(each.again or ""))
    return table


def _tree(rules: Sequence[RuleVerdict]) -> Tree:
    tree = Tree("Rules")
    for verdict in rules:
        colour = "green" if verdict.applied else "dim"
        branch = tree.add(f"[{colour}]{verdict.rule_key}[/{colour}]: {verdict.note}")
        if verdict.conditions:
            _grow(branch, verdict.conditions)
    return tree


def _grow(tree: Tree, verdict: ConditionVerdict) -> None:
    mark = "[green]holds[/green]" if verdict.holds else "[red]fails[/red]"
    if verdict.fact is None:
        branch = tree.add(f"{verdict.operator}: {mark}")
        for child in verdict.children:
            _grow(branch, child)
        return
    actual = "not known" if verdict.actual is None else verdict.actual
    tree.add(f"{verdict.fact} {verdict.operator} {verdict.expected}: {mark}, it is {actual}")


def _offers(snapshot: OfferSnapshot) -> Table:
    title = f"Offers, {snapshot.observed_at:%Y-%m-%d %H:%M} UTC"
    table = Table(
        "seller", "condition", "landed", "feedback", "", title=title, title_justify="left"
    )
    for offer in sorted(snapshot.offers, key=lambda offer: offer.landed_price.minor):
        marks = ["us"] * offer.is_own + ["Buy Box"] * offer.is_buy_box_winner
        feedback = ""
        if offer.feedback_rating is not None:
            feedback = f"{offer.feedback_rating} % of {offer.feedback_count or 0:,}"
        table.add_row(
            offer.seller_id, offer.condition, str(offer.landed_price), feedback, ", ".join(marks)
        )
    return table
