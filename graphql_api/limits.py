"""What one request may ask for before anything is run."""

from collections.abc import Iterator

from graphql import ASTValidationRule, GraphQLError, OperationDefinitionNode
from strawberry.extensions import (
    AddValidationRules,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    ParserCache,
    QueryDepthLimiter,
    SchemaExtension,
    ValidationCache,
)

from graphql_api.charging import Charging

BODY = 512 * 1024
"""Bytes of a request: the largest rule document, escaped as JSON, has room in it."""
TOKENS = 3_000
DEPTH = 12
ALIASES = 30
_KEPT = 500
"""Documents whose parsing and validation are remembered."""

# Made once: the limiters make a new rule class each time, and the rules are part of the cache's key.
_RULES: list[type[ASTValidationRule]] = [
    *QueryDepthLimiter(max_depth=DEPTH).validation_rules,
    *MaxAliasesLimiter(max_alias_count=ALIASES).validation_rules,
]


class NamedOperation(SchemaExtension):
    """Refuses a document of several operations that does not say which; Strawberry would run the first."""

    def on_validate(self) -> Iterator[None]:
        """Add the error to those of validation."""
        context = self.execution_context
        document = context.graphql_document
        definitions = document.definitions if document else ()
        operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
        if len(operations) > 1 and context._provided_operation_name is None:  # noqa: SLF001 - the public one falls back to the first
            error = GraphQLError("Say with `operationName` which of the operations to run.")
            context.pre_execution_errors = [*(context.pre_execution_errors or []), error]
        yield


def _tokens() -> SchemaExtension:
    return MaxTokensLimiter(max_token_count=TOKENS)


def _parsed() -> SchemaExtension:
    return ParserCache(maxsize=_KEPT)


def _limited() -> SchemaExtension:
    return AddValidationRules(_RULES)


def _validated() -> SchemaExtension:
    return ValidationCache(maxsize=_KEPT)


EXTENSIONS = [_tokens, _parsed, _limited, _validated, NamedOperation, Charging]
"""In this order: limits are set before what obeys them runs."""
