"""There is no way to a tenant's documents that does not name the tenant, shown on the code itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import storage

FOLDER = Path(storage.__file__).parent

EXCEPTIONS = {
    "mongo.open_database": "makes the handle that scopes are made of",
    "leases.hold": "leases are of processes, not of merchants",
    "sweep.active_stores": "looks for work of every merchant, and names the merchant of each find",
    "sweep.stores": "the same",
    "sweep.silent_operations": "the same",
    "sweep.due_webhooks": "the same",
    "indexes.ensure": "indexes span all merchants",
    "health.ping": "reads nothing",
    "api_keys.look_up": "the key is what tells the merchant",
    "live.follow": "one stream tells all; its events go to listeners of a store that is known to be their merchant's",
    "live.replay": "the same, of one store",
}
"""Functions that have the whole database in hand, each with its reason."""

_ROOTS = {"handle", "client"}
"""What of a `Database` leads to documents."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(text: str) -> Iterator[tuple[str, Function]]:
    """Functions of a module and methods of its classes, but not what is inside of them."""
    for node in ast.parse(text).body:
        if isinstance(node, Function):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.{each.name}", each)
                for each in node.body
                if isinstance(each, Function)
            )


def _offences(module: str, text: str) -> Iterator[str]:
    """Functions that could reach documents without a merchant's scope."""
    for name, function in _functions(text):
        arguments = [each for each in function.args.args if each.arg != "self"]
        typed = [ast.unparse(each.annotation) for each in arguments if each.annotation]
        touches = isinstance(function, ast.AsyncFunctionDef) or any(
            isinstance(node, ast.Attribute) and node.attr in _ROOTS for node in ast.walk(function)
        )
        takes_scope = typed[:1] == ["Scope"] and "Database" not in typed
        whole = f"{module}.{name}"
        if (
            touches
            and not takes_scope
            and not whole.startswith(_INSIDE)
            and whole not in EXCEPTIONS
        ):
            yield whole


_INSIDE = ("mongo.Scope.", "mongo.Database.", "leases._")
"""What scopes, the handle and leases are made of."""

MODULES = {file.stem: file.read_text() for file in sorted(FOLDER.glob("*.py"))}


@pytest.mark.parametrize("module", MODULES)
def test_what_reaches_documents_takes_a_scope_first(module: str) -> None:
    assert list(_offences(module, MODULES[module])) == []


def test_every_exception_is_one() -> None:
    found = {f"{module}.{name}" for module in MODULES for name, _ in _functions(MODULES[module])}
    assert set(EXCEPTIONS) <= found


@pytest.mark.parametrize(
    "text",
    [
        "async def all_of_them(database: Database) -> list[Store]: ...",
        "async def of_store(store_id: str, scope: Scope) -> list[Store]: ...",
        "async def both(scope: Scope, database: Database) -> list[Store]: ...",
        "async def untyped(scope): ...",
        "def cursor(database: Database) -> object:\n    return database.handle.stores.find()",
        "class Stores:\n    async def all(self) -> list[Store]: ...",
    ],
)
def test_a_way_around_would_be_found(text: str) -> None:
    assert list(_offences("stores", text))


def test_only_these_modules_know_the_whole_database() -> None:
    whole = {module for module, text in MODULES.items() if ".handle" in text or ".client" in text}
    assert whole == {"api_keys", "health", "indexes", "leases", "live", "mongo", "sweep"}
