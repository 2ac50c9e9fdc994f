"""Admission: what a document goes through before it runs."""

from collections.abc import AsyncIterator, Iterator

from graphql import GraphQLError
from strawberry.extensions import SchemaExtension

from graphql_api.charging import charge
from graphql_api.documents import Document, known


class Admission(SchemaExtension):
    """Holds a document to its limits, and takes what it costs out of the caller's bucket.

    One extension, since Strawberry looks through every one of them four times a request.
    """

    _document: Document

    def on_parse(self) -> Iterator[None]:
        """Read the document."""
        context = self.execution_context
        self._document = known(context.schema._schema, context.query or "")  # noqa: SLF001 - graphql-core's own
        context.graphql_document = self._document.node
        yield

    def on_validate(self) -> Iterator[None]:
        """Tell what is wrong with it, and refuse several operations without a choice; Strawberry would run the first."""
        context = self.execution_context
        errors = self._document.errors
        if self._document.operations > 1 and context._provided_operation_name is None:  # noqa: SLF001 - the public one falls back to the first
            which = GraphQLError("Say with `operationName` which of the operations to run.")
            errors = [*errors, which]
        context.pre_execution_errors = errors
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        """Let it run once it is paid for.

        Raises:
            GraphQLError: it costs too much, or its caller has to wait.
        """
        context = self.execution_context
        priced = self._document.priced(context.operation_name)
        await charge(context.context, priced, context.variables or {})
        yield
