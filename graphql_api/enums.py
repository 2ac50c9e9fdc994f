"""The domain's enums as the schema shows them, each value with its meaning.

A value that the domain gains and this file does not describe fails at import, before it could reach a client.
"""

from enum import Enum, StrEnum

import strawberry

from connectors.port import ConnectionPart, DiagnosisOutcome
from domain.access import AccessScope, Role, ordered
from domain.batch import ErrorPolicy
from domain.change import ChangeKind
from domain.communication_error import ErrorClass, RetryVerdict
from domain.decision import DecisionOutcome, DecisionReason
from domain.export import ExportKind
from domain.listing import Condition, Fulfilment, ListingReason, ListingStatus
from domain.operation import OperationKind, OperationOutcome, OperationStatus
from domain.order import OrderStatus
from domain.product import ProductType
from domain.product_import import ProductFileFormat
from domain.replay import ReplayOutcome
from domain.ruleset import RulesetKind, RulesetStatus
from domain.run import RunLimit, RunStatus
from domain.store import ListAction, StoreStatus
from domain.submission import SubmissionKind, SubmissionState
from domain.webhook import DeliveryState, DisabledReason, WebhookTopic
from rules.facts import FactKind
from rules.language import (
    CompetitorSource,
    ConditionMode,
    Direction,
    Fallback,
    ListingAction,
)
from rules.lint import FindingCode, Severity
from rules.schedule import Weekday


def describe(
    enum: type[Enum], description: str, /, *, name: str | None = None, **values: str
) -> None:
    """Make an enum a type of the schema. Every member needs its description."""
    strawberry.enum(enum, name=name, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]  # set by the line above
        value.description = values[value.name]


class ConditionOperator(StrEnum):
    """How a condition compares, or how a group of conditions is joined."""

    ALL = "ALL"
    ANY = "ANY"
    NONE = "NONE"
    NOT_ALL = "NOT_ALL"
    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    NOT_IN = "notIn"
    CONTAINS = "contains"
    NOT_CONTAINS = "notContains"
    EXISTS = "exists"


describe(
    ConditionOperator,
    "How a condition compares a fact, or how a group joins its conditions.",
    ALL="A group: every condition holds.",
    ANY="A group: at least one condition holds.",
    NONE="A group: no condition holds.",
    NOT_ALL="A group: at least one condition does not hold.",
    EQ="Equal.",
    NE="Known and not equal.",
    GT="Greater than.",
    GTE="Greater than or equal.",
    LT="Less than.",
    LTE="Less than or equal.",
    IN="One of several values.",
    NOT_IN="Known and none of several values.",
    CONTAINS="The text contains the value.",
    NOT_CONTAINS="Known, and the text does not contain the value.",
    EXISTS="Whether the fact is known at all.",
)
describe(
    Condition,
    "Condition of an item. `marketplaceCondition` beside it is Amazon's own code.",
    name="ItemCondition",
    NEW="New.",
    REFURBISHED="Refurbished.",
    USED_LIKE_NEW="Used, like new.",
    USED_VERY_GOOD="Used, very good.",
    USED_GOOD="Used, good.",
    USED_ACCEPTABLE="Used, acceptable.",
    COLLECTIBLE_LIKE_NEW="Collectible, like new.",
    COLLECTIBLE_VERY_GOOD="Collectible, very good.",
    COLLECTIBLE_GOOD="Collectible, good.",
    COLLECTIBLE_ACCEPTABLE="Collectible, acceptable.",
)
describe(
    Fulfilment,
    "Who ships.",
    MERCHANT="The merchant ships from own stock.",
    AMAZON="Amazon ships from its own warehouse.",
)
describe(
    ListingStatus,
    "Where a listing stands.",
    INCOMPLETE="Something is missing before it can be listed; `reason` says what.",
    NEW_THIRD_PARTY="It was found on Amazon and belongs to no product of the catalogue yet.",
    READY_TO_LIST="It waits for `listingPublish`.",
    LIST_IN_PROGRESS="It is on its way to Amazon.",
    ACTIVE="It is on sale.",
    INACTIVE="Amazon knows it and does not sell it.",
    INELIGIBLE="Rules, stock or the catalogue keep it from being sold.",
    ENDING_IN_PROGRESS="It is being taken off Amazon.",
    ENDED="It was taken off Amazon.",
)
describe(
    ListingReason,
    "Why a listing is where it is, where the status alone does not say.",
    UNMATCHED="No catalogue item of Amazon's was found for the product.",
    MULTIPLE_MATCHES="Several were found; `candidates` holds them.",
    HAS_VARIANTS="What was found is a parent; `candidates` holds its variations.",
    NEEDS_CONFIRMATION="One was found by words only; a person should confirm it.",
    NO_PRODUCT="It stands on Amazon, and no product of the catalogue belongs to it.",
    NOT_PROVIDED="Amazon keeps it from being live and gave no reason.",
    REJECTED="Amazon refused the submission; `issues` says why.",
    RULE="The listing rule keeps it out.",
    STOCK="Stock is below the store's threshold.",
    PRODUCT_DISABLED="The product is disabled in the catalogue or gone from it.",
    PRODUCT_TYPE="The product is a parent of others or a gift card.",
)
describe(
    DecisionOutcome,
    "What comes of a decision.",
    CHANGE="The new price or quantity is published.",
    KEEP="Both stay as they are.",
    HOLD="The computed price is not published; a person should look.",
)
describe(
    DecisionReason,
    "The one thing to know of a decision before its trace.",
    RULES="The price source and the rules that matched.",
    OVERRIDE="A person set the price; no rule was asked.",
    NO_SOURCE="Neither the price source nor the catalogue price has a value.",
    BELOW_MINIMUM="The price is under the store's absolute minimum, or not above zero.",
    STEP_TOO_LARGE="The change is larger than the store allows in one step.",
    UNBOUNDED="A price that follows a competitor has no floor under it.",
    NO_CONVERSION="Catalogue and marketplace differ in currency and no rate is set.",
    RULE_HOLDS="A rule says that a person should look in this case.",
    RUN_HELD="The guard-rails hold the whole run that the price belongs to.",
    TURNED_DOWN="A person discarded or undid a run with this very price.",
    UNDONE="A person undid a run: the price from before it.",
)
describe(
    ReplayOutcome,
    "What deciding a recorded decision again comes to.",
    SAME="The same decision, byte for byte.",
    DIFFERENT="Another one: what is recorded was changed afterwards, or does not follow from what was kept.",
    NOT_KEPT="Nothing: what it was decided from was not kept yet, or cannot be read any more.",
    OTHER_VERSION="Nothing: another version of this program decided it, and this one may decide otherwise by right.",
)
describe(
    StoreStatus,
    "Whether a store may talk to Amazon.",
    IN_SETUP="Created, not connected yet.",
    ACTIVE="Listings, prices, quantities and orders are kept in step.",
    INACTIVE="Everything is kept, nothing is sent or fetched.",
)
describe(
    ListAction,
    "What happens to a product that is eligible and complete.",
    AUTO="It is listed at once.",
    MANUAL="It waits for `listingPublish`.",
)
describe(
    ProductType,
    "What kind of product it is in the catalogue.",
    SIMPLE="One thing to sell.",
    VIRTUAL="A service or the like; nothing is shipped.",
    DOWNLOADABLE="A download.",
    CONFIGURABLE="A parent of variations; it cannot be listed itself.",
    GROUPED="A group of products; it cannot be listed itself.",
    BUNDLE="A bundle of products; it cannot be listed itself.",
    GIFT_CARD="A gift card; it cannot be listed.",
)
describe(
    RulesetKind,
    "What rules decide.",
    LISTING="Which products are listed.",
    PRICING="At what price.",
    GUARDRAILS="Which runs of new prices are held for a person.",
)
describe(
    RulesetStatus,
    "Where a version of the rules stands.",
    DRAFT="Not in force yet.",
    PUBLISHED="In force: the one version of its kind and store.",
    RETIRED="Was in force until a newer version was published.",
)
describe(
    RunStatus,
    "What became of a run's prices.",
    name="RepriceRunStatus",
    PASSED="The guard-rails let them go.",
    HELD="The guard-rails hold them all until a person resumes or discards the run.",
    RESUMED="A person let exactly the held prices go.",
    DISCARDED="A person turned the held prices down.",
    UNDOING="A person has them taken back; that is under way.",
    UNDONE="A person had them taken back.",
)
describe(
    RunLimit,
    "What guard-rails watch over a whole run.",
    name="GuardrailRunLimit",
    CHANGED_SHARE="No larger share of the catalogue gets another price at once.",
    TOTAL_FALL="All the prices that change do not fall by more, taken together.",
    MEDIAN_FALL="Half of the prices that change do not fall by more.",
    BELOW_COST="Not more prices than so many are below cost.",
)
describe(
    SubmissionKind,
    "What is asked of Amazon.",
    LIST="Create the offer.",
    CHANGE="Change an offer that is there.",
)
describe(
    SubmissionState,
    "The true state of a change. Accepted is not live.",
    PENDING="Written down, not sent.",
    SENT="In a feed that Amazon works off; whether it takes it is not known yet.",
    ACCEPTED="Amazon took it; whether it is live is not known yet.",
    LIVE="Read back from Amazon.",
    REJECTED="Amazon refused it, with issues.",
    SUPERSEDED="A newer change of the same listing took its place.",
)
describe(
    OrderStatus,
    "Status of an order. `marketplaceStatus` beside it is Amazon's own word.",
    PENDING="Placed, not released for shipping yet.",
    PENDING_AVAILABILITY="A pre-order whose item is not released yet.",
    UNSHIPPED="To be shipped.",
    PARTIALLY_SHIPPED="Some of it is shipped.",
    SHIPPED="All of it is shipped.",
    CANCELLED="Cancelled.",
    UNFULFILLABLE="Amazon cannot ship it.",
    UNKNOWN="Amazon uses a word that we do not know yet.",
)
describe(
    ChangeKind,
    "What changed.",
    PRICE="The live price.",
    BUSINESS_PRICE="What businesses pay, live.",
    LIST_PRICE="The live price to strike through.",
    QUANTITY="The live quantity.",
    STATUS="The listing's status.",
    MATCH="The catalogue item that a listing belongs to.",
    OVERRIDE="The price set by a person.",
    ORDER="An order's status.",
    RULESET="The rules in force.",
    RUN="A run of new prices: held, or resumed, discarded or undone by a person.",
    STORE="The store or its settings.",
)
describe(
    OperationKind,
    "Which work.",
    CATALOG_IMPORT="Import of the merchant's catalogue by a command.",
    PRODUCTS_IMPORT="Import of products out of an uploaded file.",
    EXPORT="Writing of a file of JSON Lines.",
    LISTINGS_IMPORT="Import of the listings that stand on Amazon.",
    MATCH="Search for the items that products are.",
    OFFERS_PULL="Reading everybody's offers.",
    REPRICE="Deciding prices and quantities.",
    SIMULATE="Working out what rules would do.",
)
describe(
    OperationStatus,
    "Whether the work ran.",
    QUEUED="It waits for a worker.",
    RUNNING="It runs.",
    DONE="It is over; `outcome` says what it came to.",
    DEAD="Given up after an error that is not the user's.",
)
describe(
    OperationOutcome,
    "What the work came to.",
    OK="All of it was done.",
    PARTIAL="Some of it could not be done; `errors` says which.",
    CANCELLED="Stopped at someone's request; what was done stays done.",
)
describe(
    FactKind,
    "What a fact is, and with it the comparisons that fit.",
    TEXT="A text.",
    NUMBER="A number.",
    MONEY="An amount of money, compared as a decimal of its currency.",
    FLAG="True or false.",
    CATEGORY="Category paths; a condition names a category or a path and means all below it too.",
    ATTRIBUTE="A text of the catalogue, compared as a number where the condition gives a number.",
    DATE="A day, written like 2026-06-01.",
    OPTIONS="Several texts, the options chosen of an attribute; a condition names whole options.",
)
describe(
    ListingAction,
    "What a listing rule does with a product that it matches.",
    name="ListingRuleEffect",
    LIST="It lists the product.",
    KEEP_OUT="It keeps the product out.",
)
describe(
    CompetitorSource,
    "Whose price an intelligent rule follows.",
    BUY_BOX="The offer that holds the Buy Box.",
    LOWEST="The lowest landed price.",
)
describe(
    ConditionMode,
    "What to do when no competitor offers the item in our own condition.",
    name="CompetitorConditionMode",
    ALL="Follow offers in other conditions.",
    MATCHING_ONLY="There is no competitor then.",
    VARIANCE="Follow other conditions, scaled by what each is worth.",
)
describe(
    ErrorPolicy,
    "What becomes of the other items where some cannot be done.",
    REJECT_ALL="Nothing is done.",
    SKIP_INVALID="They are done.",
)
describe(
    ExportKind,
    "What an export holds.",
    LISTINGS="Listings.",
    OFFERS="Offer snapshots, each with its offers.",
    DECISIONS="Price decisions.",
    CHANGES="The change log.",
    ORDERS="Orders, each with its lines.",
)
describe(
    ProductFileFormat,
    "How a file tells products.",
    MAGENTO_CSV="A product export of Magento.",
    JSON_LINES="A JSON object a line, as `docs/bulk.md` has it.",
)
describe(
    AccessScope,
    "What a credential is good for.",
    READ="See stores, products, listings, offers, rulesets, plans, runs and operations.",
    READ_AUDIT="See decisions, changes and submissions.",
    READ_ORDERS="See orders.",
    SIMULATE="Work out what rules would do.",
    WRITE_PRODUCTS="Upload files and import products.",
    WRITE_LISTINGS="Set prices by hand and publish listings.",
    RUN="Start and cancel work; resume, discard and undo runs.",
    WRITE_STORES="Open, connect, set up, pause and resume stores.",
    WRITE_RULES="Draft rules, put them in force and bring older ones back.",
    MANAGE_KEYS="See, create, rotate and revoke API keys.",
    MANAGE_WEBHOOKS="See, create, change and delete webhooks, and see and repeat their deliveries.",
)
describe(
    Role,
    "A job that somebody has, as a bundle of scopes.",
    **{
        role.name: f"{word} Scopes: {', '.join(ordered(role.scopes))}."
        for role, word in {
            Role.OWNER: "May do everything.",
            Role.MANAGER: "Runs the shop: everything but API keys.",
            Role.OPERATOR: "Does the daily work: prices by hand, publishing, runs.",
            Role.ANALYST: "Looks at listings and decisions and tries rules.",
            Role.AUDITOR: "Looks at what was decided, changed and sent.",
        }.items()
    },
)
describe(
    Fallback,
    "Which price a rule takes where it has nobody to follow, or must not.",
    name="PriceFallback",
    PRICE="The price that the rules had made so far.",
    KEEP="The current price; no later rule changes it.",
    FLOOR="The floor.",
    CEILING="The ceiling.",
    HOLD="None: the price is held until a person looks.",
)
describe(
    Direction,
    "Which way a price is rounded.",
    name="RoundingDirection",
    DOWN="Down.",
    UP="Up.",
    NEAREST="To the nearest; a half goes up.",
)
describe(
    Weekday,
    "A day of the week.",
    MONDAY="Monday.",
    TUESDAY="Tuesday.",
    WEDNESDAY="Wednesday.",
    THURSDAY="Thursday.",
    FRIDAY="Friday.",
    SATURDAY="Saturday.",
    SUNDAY="Sunday.",
)
describe(
    FindingCode,
    "What is wrong with a rule.",
    name="RuleFindingCode",
    UNREACHABLE="Its conditions can never hold together.",
    OUT_OF_SEASON="It has ended, or its dates, weekdays and hours never meet.",
    SWITCHED_OFF="It is not active.",
    SHADOWED="Whatever it matches, another rule keeps it from running.",
    FLOOR_ABOVE_CEILING="The lowest price that it allows is above the highest.",
    UNDONE="What one rule adds another takes away.",
    LIST_AND_KEEP_OUT="Whatever a rule lists, another keeps out.",
    UNBOUNDED="Nothing keeps a price from falling further.",
    NOT_ABOVE_ZERO="An amount is taken off prices that can be lower than it.",
    OVERLAPPING_DATES="Two rules that look as if one followed the other run together on some days.",
    EQUAL_PRIORITY="The order in the document alone decides which of two rules runs first, and it matters.",
)
describe(
    Severity,
    "How sure it is that the author of a rule did not mean what is found.",
    name="RuleFindingSeverity",
    ERROR="The rule can never do what it says.",
    WARNING="It goes wrong for some listings.",
    HINT="It may be meant so.",
)
describe(
    ConnectionPart,
    "What a connection to Amazon is made of, in the order in which one needs the other.",
    APPLICATION="The application's id and secret.",
    TOKEN="The seller's authorisation.",  # noqa: S106
    REGION="The region of Amazon in which the account is at home.",
    MARKETPLACE="That the account sells in the store's marketplace.",
    ROLE="What the application may do for the seller.",
    QUEUE="Where notifications arrive.",
)
describe(
    DiagnosisOutcome,
    "What is known of a part of a connection.",
    GOOD="It works.",
    BAD="It does not work; the remedy says what to do.",
    UNKNOWN="It could not be tried.",
)
describe(
    ErrorClass,
    "What kind of trouble a call to Amazon met, and thereby who must act.",
    name="CommunicationErrorClass",
    AUTH_REVOKED="The seller's authorisation ended: the seller authorises again.",
    AUTH_APP="The application's id or secret is refused: its operator renews them.",
    AUTH_ROLE="The credentials are good, but not for this: a role, the region, the account or the queue's policy.",
    THROTTLED="Over the quota. Nobody has to act.",
    TRANSIENT="No usable answer came. Nobody has to act, unless it stays so.",
    BAD_REQUEST="Amazon refuses the request for what is in it.",
    NOT_FOUND="What was asked for is not there.",
    CONFLICT="The request collides with what is there.",
    LISTING_ISSUE="Amazon refuses a change of a listing; the listing's issues tell more.",
    FEED_MESSAGE="Amazon refuses a message of a feed; the listing's issues tell more.",
    FEED_FATAL="Amazon gave a feed up.",
    REPORT_FATAL="Amazon gave a report up.",
    CANCELLED="A feed or a report was taken back.",
    SCHEMA_DRIFT="The answer is not as documented. Tell the developers.",
)
describe(
    RetryVerdict,
    "What is done about a call that did not end well.",
    name="CommunicationErrorVerdict",
    RETRIED="It was sent again.",
    PUT_OFF="The work that it belongs to comes back for it.",
    GIVEN_UP="It would be refused again, and is not sent again.",
    NEEDS_PERSON="A person must act before it can succeed.",
)
describe(
    WebhookTopic,
    "What webhooks are told of.",
    LISTING_PRICE_CHANGED="Amazon shows another price, business price or list price of a listing.",
    LISTING_STATUS_CHANGED="A listing stands elsewhere. A listing that is new is no change.",
    DECISION_HELD="A price begins to wait for a person, by itself or for another reason than before. Those that wait "
    "with their whole run are told of as `GUARDRAIL_TRIPPED`.",
    GUARDRAIL_TRIPPED="Guard-rails hold a run.",
    ORDER_IMPORTED="An order is new.",
    ORDER_CHANGED="Something changed of an order.",
    RULESET_PUBLISHED="A version of rules came into force.",
    OPERATION_FINISHED="Long work is over, whatever it came to.",
    TEST="A try-out. Nobody subscribes to it; every webhook gets those that are asked for.",
)
describe(
    DisabledReason,
    "Why a webhook is told of nothing.",
    name="WebhookDisabledReason",
    BY_HAND="Somebody disabled it.",
    UNANSWERED="Nothing arrived for 24 hours.",
    GONE="It answered 410.",
    UNSIGNABLE="Its secret was sealed with another key than the one in use. Rotate it, and enable it again.",
)
describe(
    DeliveryState,
    "What became of telling a webhook of an event.",
    name="WebhookDeliveryState",
    PENDING="It is to be sent, or sent again.",
    DELIVERED="The receiver answered with a status of 2xx.",
    FAILED="Given up: it did not arrive for 24 hours in which others did, or the receiver answered 410.",
)
