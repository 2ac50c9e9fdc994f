"""Documents: what is found out when one comes first, and known when it comes again."""

from functools import cached_property, lru_cache

from graphql import (
    ASTValidationRule,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    get_operation_ast,
    parse,
    specified_rules,
)
from strawberry.extensions import MaxAliasesLimiter, QueryDepthLimiter
from strawberry.schema.schema import validate_document

from graphql_api.charging import Priced, priced
from graphql_api.limits import ALIASES, DEPTH, TOKENS

_KEPT = 500
"""Documents that are remembered; those longest not seen go."""
RULES: tuple[type[ASTValidationRule], ...] = (
    *specified_rules,
    *QueryDepthLimiter(max_depth=DEPTH).validation_rules,
    *MaxAliasesLimiter(max_alias_count=ALIASES).validation_rules,
)
"""What a document must hold to."""


class Document:
    """A document that could be parsed, against a schema."""

    def __init__(self, schema: GraphQLSchema, text: str) -> None:
        self.node = parse(text, max_tokens=TOKENS)
        self._schema = schema
        self._priced: dict[str | None, Priced] = {}

    @cached_property
    def errors(self) -> list[GraphQLError]:
        """What is wrong with it."""
        return validate_document(self._schema, self.node, RULES)

    @cached_property
    def operations(self) -> int:
        """How many it has to choose from."""
        return sum(isinstance(each, OperationDefinitionNode) for each in self.node.definitions)

    def priced(self, name: str | None) -> Priced:
        """What the operation of that name costs; the document is valid and has it."""
        if name not in self._priced:
            operation = get_operation_ast(self.node, name)
            assert operation is not None
            self._priced[name] = priced(self._schema, self.node, operation)
        return self._priced[name]


@lru_cache(maxsize=_KEPT)
def known(schema: GraphQLSchema, text: str) -> Document:
    """What is known of a document.

    Raises:
        GraphQLError: it is none, or is too long.
    """
    return Document(schema, text)
