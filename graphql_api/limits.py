"""What one request may ask for before anything is run."""

from graphql import ASTValidationRule
from strawberry.extensions import (
    AddValidationRules,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    ParserCache,
    QueryDepthLimiter,
    SchemaExtension,
    ValidationCache,
)

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


def _tokens() -> SchemaExtension:
    return MaxTokensLimiter(max_token_count=TOKENS)


def _parsed() -> SchemaExtension:
    return ParserCache(maxsize=_KEPT)


def _limited() -> SchemaExtension:
    return AddValidationRules(_RULES)


def _validated() -> SchemaExtension:
    return ValidationCache(maxsize=_KEPT)


EXTENSIONS = [_tokens, _parsed, _limited, _validated]
"""In this order: limits are set before what obeys them runs."""
