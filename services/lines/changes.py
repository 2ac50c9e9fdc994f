"""The change log as lines."""

from domain.global_id import Kind
from services.lines.columns import moment_at, plain, reference
from services.lines.shape import Shape
from storage.changes import CHANGES

LINES = Shape(
    Kind.CHANGE,
    CHANGES.name,
    {
        "kind": plain("kind"),
        "before": plain("before"),
        "after": plain("after"),
        "actor": plain("actor"),
        "changedAt": moment_at("at"),
        "store": reference("store_id", Kind.STORE),
        "listing": reference("listing_id", Kind.LISTING),
        "order": reference("order_id", Kind.ORDER),
        "decision": reference("decision_id", Kind.DECISION),
    },
    batch=4_000,
)
