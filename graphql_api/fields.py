"""Fields with resolvers: the docstring is what clients read."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

R = TypeVar("R", bound=Callable[..., Any])


def described(resolver: R) -> R:
    """Make a field or a mutation of a resolver, with its docstring as the description."""
    description = " ".join(inspect.cleandoc(resolver.__doc__ or "").split())
    return cast("R", strawberry.field(resolver, description=description))
