"""Fields with resolvers: the docstring is what clients read."""

import asyncio
import functools
import inspect
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import strawberry
from graphql import GraphQLError
from strawberry.utils.str_converters import to_camel_case

from graphql_api.context import DEADLINE, SECONDS

R = TypeVar("R", bound=Callable[..., Any])
W = TypeVar("W")
V = TypeVar("V")


class _Read(Generic[W]):
    """Declares fields that are worked out when they are asked for, and not before.

    How must be pure and quick: a plan calls it by itself, and graphql-core again where the plan gives up.
    """

    of_row = False

    def __call__(self, read: Callable[[W], V], *, description: str) -> V:
        """A field; its annotation says of which type."""
        of_row = self.of_row

        def resolve(self: Any) -> Any:
            return read(self.row if of_row else self)

        # Where plans look for it.
        resolve.read, resolve.of_row = read, of_row  # type: ignore[attr-defined]
        return cast("V", strawberry.field(resolve, description=description))


class FromRow(_Read[W]):
    """Fields that are read off a node's `row`."""

    of_row = True


class FromNode(_Read[W]):
    """Fields that are read off the node, or off the domain's own value where that is shown as it is (`SHOWN`)."""


def described(resolver: R) -> R:
    """Make a field or a mutation of a resolver, with its docstring as the description and a limit to its time."""
    bounded = _in_time(resolver) if inspect.iscoroutinefunction(resolver) else resolver
    return cast("R", strawberry.field(bounded, description=_description(resolver)))


def streamed(resolver: R) -> R:
    """Make a subscription of a resolver, with its docstring as the description."""
    return cast("R", strawberry.subscription(resolver, description=_description(resolver)))


def _description(resolver: Callable[..., Any]) -> str:
    return " ".join(inspect.cleandoc(resolver.__doc__ or "").split())


def _in_time(resolver: R) -> R:
    """The resolver, given up at the operation's deadline; the error's path names the field."""

    @functools.wraps(resolver)
    async def resolve(*arguments: Any, **named: Any) -> Any:
        try:
            async with asyncio.timeout_at(DEADLINE.get()) as limit:
                return await resolver(*arguments, **named)
        except TimeoutError:
            if not limit.expired():
                raise
            field = to_camel_case(resolver.__name__)
            raise GraphQLError(
                f"`{field}` was not done when the operation had run for {SECONDS:.0f} s.",
                extensions={"code": "TIMEOUT"},
            ) from None

    return cast("R", resolve)
