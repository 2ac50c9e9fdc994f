"""The `sales-channel` command."""

import typer

from cli import (
    backtest,
    catalog,
    communication_errors,
    demo,
    explain,
    export,
    history,
    keys,
    plans,
    reprice,
    rules,
    running,
    runs,
    stores,
)
from services.logs import configure_logging

app = typer.Typer(
    name="sales-channel",
    help=(
        "Sell a commerce catalogue on Amazon, with prices that explain themselves.\n\n"
        "New here? `sales-channel demo` plays the whole story against a simulated Amazon. "
        "For a store of your own: `up` in one terminal, then `catalog import`, `store connect` and "
        "`rules plan` and `rules apply` in another."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.add_typer(catalog.app, name="catalog")
app.add_typer(stores.app, name="store")
app.add_typer(rules.app, name="rules")
app.add_typer(runs.app, name="runs")
app.add_typer(keys.app, name="keys")
stores.app.command("errors")(communication_errors.list_errors)
stores.app.command("calls")(communication_errors.list_calls)
rules.app.command()(plans.plan)
rules.app.command()(plans.apply)
rules.app.command()(plans.history)
rules.app.command()(plans.diff)
rules.app.command("roll-back")(plans.roll_back)
rules.app.command()(backtest.backtest)
app.command()(running.up)
app.command()(running.serve)
app.command()(running.worker)
app.command()(running.simulator)
app.command()(reprice.reprice)
app.command()(explain.explain)
app.command()(history.history)
app.command()(export.export)
app.command()(demo.demo)


def main() -> None:
    """Run the command line."""
    configure_logging("WARNING")
    app()
