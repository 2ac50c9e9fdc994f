"""The schema: queries, mutations and subscriptions put together from the nouns."""

from typing import Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from graphql_api.access import tell_scopes
from graphql_api.admission import Admission
from graphql_api.api_key_mutations import ApiKeyMutations
from graphql_api.api_keys import ApiKeyQueries
from graphql_api.changes import ChangeQueries
from graphql_api.communication_errors import CommunicationErrorQueries
from graphql_api.connection_mutations import ConnectionMutations
from graphql_api.decisions import DecisionQueries
from graphql_api.executor_trial import executor_class
from graphql_api.exports import ExportMutations
from graphql_api.listing_bulk_mutations import ListingBulkMutations
from graphql_api.listing_mutations import ListingMutations
from graphql_api.listings import ListingQueries
from graphql_api.nodes import NodeQueries
from graphql_api.offer_snapshots import OfferSnapshotQueries
from graphql_api.offers import OfferQueries
from graphql_api.operations import OperationMutations, OperationQueries
from graphql_api.orders import OrderQueries
from graphql_api.plan_mutations import PlanMutations
from graphql_api.plans import PlanQueries
from graphql_api.product_mutations import ProductMutations
from graphql_api.products import ProductQueries
from graphql_api.rule_types import RuleFactQueries
from graphql_api.ruleset_mutations import RulesetMutations
from graphql_api.rulesets import RulesetQueries
from graphql_api.run_mutations import RunMutations
from graphql_api.runs import RunQueries
from graphql_api.scalars import SCALARS
from graphql_api.store_mutations import StoreMutations
from graphql_api.stores import StoreQueries
from graphql_api.submissions import SubmissionQueries
from graphql_api.subscriptions import Subscription, by_event
from graphql_api.uploads import UploadMutations
from graphql_api.webhook_deliveries import WebhookDeliveryQueries
from graphql_api.webhook_delivery_mutations import WebhookDeliveryMutations
from graphql_api.webhook_mutations import WebhookMutations
from graphql_api.webhooks import WebhookQueries


@strawberry.type(description="Everything that can be asked.")
class Query(
    NodeQueries,
    StoreQueries,
    ProductQueries,
    ListingQueries,
    OfferQueries,
    OfferSnapshotQueries,
    RulesetQueries,
    RuleFactQueries,
    PlanQueries,
    DecisionQueries,
    RunQueries,
    SubmissionQueries,
    OrderQueries,
    ChangeQueries,
    CommunicationErrorQueries,
    OperationQueries,
    ApiKeyQueries,
    WebhookQueries,
    WebhookDeliveryQueries,
):
    """Queries of all nouns."""


@strawberry.type(
    description="Everything that can be done. Each answers with what changed and `userErrors`."
)
class Mutation(
    StoreMutations,
    ConnectionMutations,
    RulesetMutations,
    PlanMutations,
    UploadMutations,
    ProductMutations,
    ListingMutations,
    ListingBulkMutations,
    ExportMutations,
    RunMutations,
    OperationMutations,
    ApiKeyMutations,
    WebhookMutations,
    WebhookDeliveryMutations,
):
    """Mutations of all nouns."""


class _Schema(strawberry.Schema):
    async def execute(self, *args: Any, **kwargs: Any) -> ExecutionResult:
        """The one answer to a query or mutation; Strawberry would take subscriptions here as well."""
        kwargs["allowed_operation_types"] = {OperationType.QUERY, OperationType.MUTATION} & set(
            kwargs.get("allowed_operation_types") or OperationType
        )
        return await super().execute(*args, **kwargs)

    def process_errors(self, errors: Any, execution_context: Any = None) -> None:
        """Nothing: `graphql_api.errors` logs what is worth it when it shapes the answer."""


SCHEMA = _Schema(
    Query,
    Mutation,
    Subscription,
    extensions=[Admission],
    execution_context_class=by_event(executor_class()),
    config=StrawberryConfig(scalar_map=SCALARS),
)
tell_scopes(SCHEMA._schema)  # noqa: SLF001 - the descriptions are nowhere else
