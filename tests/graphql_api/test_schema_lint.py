"""The linter of the schema finds each departure from the conventions, and what would break clients."""

import pytest
from graphql import build_schema

from graphql_api.schema_lint import findings, unannounced

SOUND = """
"Everything that can be asked."
type Query {
  "A thing."
  thing(
    "Its id."
    id: ID!
  ): Thing
  "Things."
  things: ThingConnection!
}
"Something with an id."
interface Node {
  "Opaque."
  id: ID!
}
"A thing."
type Thing implements Node {
  "Opaque."
  id: ID!
  "Whether it is old."
  isOld: Boolean!
  "When it was made."
  madeAt: DateTime!
  "What it is."
  kind: Kind!
  "Names."
  names: [String!]!
}
"A moment."
scalar DateTime
"A day."
scalar Date
"Kinds."
enum Kind {
  "Large."
  LARGE
  "Small."
  SMALL
}
"A page."
type ThingConnection {
  "With cursors."
  edges: [String!]!
  "Items."
  nodes: [Thing!]!
  "Where it stands."
  pageInfo: String!
}
"What can be done."
type Mutation {
  "Paint it."
  thingPaint(
    "What."
    input: ThingPaintInput!
  ): ThingPaintPayload!
}
"What is told."
type Subscription {
  "It was painted."
  thingPainted: ThingPaintedPayload!
}
"An event."
type ThingPaintedPayload {
  "Its place."
  cursor: String!
}
"Input."
input ThingPaintInput {
  "Which."
  thingId: ID!
}
"Payload."
type ThingPaintPayload {
  "The thing."
  thing: Thing
  "Mistakes."
  userErrors: [ThingPaintUserError!]!
}
"A mistake."
interface UserError {
  "For people."
  message: String!
  "Where."
  field: [String!]
}
"A mistake."
type ThingPaintUserError implements UserError {
  "For people."
  message: String!
  "Where."
  field: [String!]
  "Which."
  code: ThingPaintErrorCode!
}
"Codes."
enum ThingPaintErrorCode {
  "Not there."
  NOT_FOUND
}
"""


def test_a_schema_that_keeps_to_the_conventions_has_no_findings() -> None:
    assert findings(build_schema(SOUND)) == []


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ('"Names."\n', "", "Thing.names has no description"),
        ('"Large."\n', "", "Kind.LARGE has no description"),
        ('"Its id."\n', "", "Query.thing(id) has no description"),
        ("LARGE", "large", "Kind.large is not in SCREAMING_SNAKE"),
        ("names:", "other_names:", "Thing.other_names is not in camelCase"),
        ("madeAt:", "made:", "Thing.made is a moment and does not end in At"),
        ("madeAt: DateTime", "madeAt: Date", "Thing.madeAt is a day and does not end in On"),
        ("isOld", "old", "Thing.old does not read as something that is so or not"),
        ("names: [String!]!", "limit: Int", "Thing.limit pages or counts by limit"),
        (
            "things: ThingConnection!",
            "things: [Thing!]!",
            "Query.things is a list of nodes and no connection",
        ),
        (
            "pageInfo: String!",
            "total: Int!",
            "ThingConnection has other fields than edges, nodes and pageInfo",
        ),
        ("names: [String!]!", "names: [String]!", "Thing.names is a list that may hold nulls"),
        (
            "input: ThingPaintInput!",
            "thingId: ID!",
            "thingPaint does not take one argument, input: ThingPaintInput!",
        ),
        ("): ThingPaintPayload!", "): Thing!", "thingPaint does not give a ThingPaintPayload"),
        (
            "thingPainted: ThingPaintedPayload!",
            "thingPainted: Thing!",
            "thingPainted does not give a ThingPaintedPayload!",
        ),
        ("userErrors:", "errors:", "ThingPaintPayload has no userErrors: [ThingPaintUserError!]!"),
        (
            "thing: Thing\n",
            "thing: Thing!\n",
            "ThingPaintPayload.thing cannot be null where the mutation was refused",
        ),
        (
            "code: ThingPaintErrorCode!",
            "code: String!",
            "ThingPaintUserError has no code: ThingPaintErrorCode!",
        ),
        (
            "ThingPaintUserError implements UserError",
            "ThingPaintUserError",
            "ThingPaintUserError is no UserError",
        ),
        ("names:", "apiToken:", "Thing.apiToken can be read and sounds secret"),
        (
            "names: [String!]!",
            'names: [String!]! @deprecated(reason: "Use kind.")',
            "Thing.names is deprecated without `Removed after <date>.`",
        ),
    ],
)
def test_each_departure_is_found(before: str, after: str, found: str) -> None:
    assert before in SOUND
    assert found in findings(build_schema(SOUND.replace(before, after, 1)))


def test_a_deprecation_with_a_date_is_fine() -> None:
    dated = 'names: [String!]! @deprecated(reason: "Use `kind`. Removed after 2027-06-30.")'
    assert findings(build_schema(SOUND.replace("names: [String!]!", dated))) == []


def test_what_breaks_clients_has_to_be_announced() -> None:
    before = build_schema(SOUND)
    after = build_schema(SOUND.replace("names: [String!]!", "names: [String!]"))
    change = "Field Thing.names changed type from [String!]! to [String!]."
    assert unannounced(before, after, set()) == [change]
    assert unannounced(before, after, {change}) == []
    assert unannounced(before, before, set()) == []
