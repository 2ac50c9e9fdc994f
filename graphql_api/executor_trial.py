"""The trial of the executor at start-up: it rests on internals of libraries, and a wrong answer is worse than a slow one."""

from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar, NamedTuple

import strawberry
import structlog
from strawberry.extensions import ParserCache, SchemaExtension

from graphql_api.executor import PlanExecutor
from graphql_api.fields import FromNode, FromRow

log = structlog.get_logger()


class Kind(Enum):
    """An enum."""

    SOUND = "sound"


class Row(NamedTuple):
    """What a node shows."""

    weight: Decimal
    size: tuple[int, ...] = ()


@strawberry.type
class Size:
    """A value that is shown as it is."""

    SHOWN: ClassVar[type] = tuple

    length: int = FromNode[tuple[int, ...]]()(len, description="Read off a value.")


@strawberry.type
class Part:
    """A node with attributes, fields that are read off its row, and a field that is resolved."""

    name: str
    weight: Decimal = FromRow[Row]()(lambda row: row.weight, description="Read off the row.")
    size: Size = FromRow[Row]()(
        lambda row: row.size,  # type: ignore[assignment]  # as `SHOWN` says
        description="Read off the row.",
    )
    row: strawberry.Private[Row] = Row(Decimal("1.50"), (1, 2))
    kind: Kind = Kind.SOUND
    count: int | None = None
    parts: "list[Part]" = strawberry.field(default_factory=list)

    @strawberry.field
    def resolved(self) -> str:
        """What no plan covers."""
        return self.name


@strawberry.type
class TrialQuery:
    """What is asked."""

    @strawberry.field
    def part(self) -> Part | None:
        """All is well."""
        return Part(name="a", count=1, parts=[Part(name="b"), Part(name="c")])

    @strawberry.field
    def rowless(self) -> Part | None:
        """A row that lacks what is read off it."""
        return Part(name="d", row=Row(Decimal(1), size=5))  # type: ignore[arg-type]  # has no length

    @strawberry.field
    def broken(self) -> Part | None:
        """A null where none may be."""
        return Part(name=None)  # type: ignore[arg-type]  # what must come out as an error


_ASKED = """query ($no: Boolean = false) {
  part { b: name __typename kind resolved weight count size { length } parts { name weight kind count size { length } parts { name } } }
  rowless { name weight size { length } }
  broken { kind name } ...F @include(if: $no)
} fragment F on TrialQuery { part { count } }"""


def executor_class(candidate: type[PlanExecutor] = PlanExecutor) -> type[PlanExecutor] | None:
    """The executor with plans; None, which is Strawberry's own, where it does not answer like that one."""
    try:
        answers = _answers(candidate)
    except Exception:
        log.exception("graphql.plans.off", reason="the executor with plans fails")
        return None
    if answers != _answers(None):
        log.error("graphql.plans.off", reason="the executor with plans answers otherwise")
        return None
    return candidate


def _answers(executor: type[PlanExecutor] | None) -> list[str]:
    """The answer when it is asked first, and when the operation is known."""
    schema = _Schema(TrialQuery, execution_context_class=executor, extensions=[_parsed])
    results = [schema.execute_sync(_ASKED) for _ in range(2)]
    return [repr((each.data, [error.formatted for error in each.errors or ()])) for each in results]


def _parsed() -> SchemaExtension:
    return ParserCache(maxsize=1)


class _Schema(strawberry.Schema):
    def process_errors(self, errors: Any, execution_context: Any = None) -> None:
        """Nothing: the error is wanted."""
