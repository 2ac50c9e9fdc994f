"""Schedules of Reports 2021-06-30: a report is asked for again and again."""

from connectors.simulator.batch_document import MOST_MARKETPLACES
from connectors.simulator.batches import PERIODS
from connectors.simulator.chance import between
from connectors.simulator.clock import iso, parse_iso
from connectors.simulator.operations import Call
from connectors.simulator.report_work import REPORT_TYPES
from connectors.simulator.wire import Answer, JsonObject, SpApiError, invalid, read_object
from connectors.simulator.world import Schedule

_MOST_TYPES = 10


def create_report_schedule(call: Call) -> Answer:
    """Begin a schedule. It takes the place of the one that the type has in the same marketplaces."""
    body = read_object(call.body)
    report_type, period = body.get("reportType"), body.get("period")
    marketplaces, begins = body.get("marketplaceIds"), body.get("nextReportCreationTime")
    if report_type not in REPORT_TYPES:
        raise invalid(f"reportType {report_type!r} cannot be scheduled.")
    if period not in PERIODS:
        raise invalid(f"period {period!r} is not one of those that there are.")
    if not isinstance(marketplaces, list) or not all(isinstance(one, str) for one in marketplaces):
        raise invalid("marketplaceIds is required.")
    call.require_marketplaces(marketplaces, most=MOST_MARKETPLACES)
    world = call.world
    try:
        next_ms = world.now_ms if begins is None else max(world.now_ms, parse_iso(begins))
    except (TypeError, ValueError) as error:
        raise invalid("nextReportCreationTime must be an ISO 8601 moment.") from error
    for known in list(world.schedules.values()):
        if (known.seller_id, known.type, known.marketplace_ids) == (
            call.seller_id,
            report_type,
            marketplaces,
        ):
            del world.schedules[known.schedule_id]
    name = (world.seed, "schedule", call.seller_id, report_type, world.now_ms, period)
    schedule = Schedule(
        str(between(10**10, 10**11 - 1, *name)),
        call.client_id,
        call.seller_id,
        str(report_type),
        marketplaces,
        str(period),
        next_ms,
    )
    world.schedules[schedule.schedule_id] = schedule
    return Answer(201, {"reportScheduleId": schedule.schedule_id})


def get_report_schedules(call: Call) -> JsonObject:
    """The seller's schedules of some types."""
    types = call.query.many("reportTypes", most=_MOST_TYPES)
    if not types:
        raise invalid("reportTypes is required.")
    return {
        "reportSchedules": [
            _document(schedule)
            for schedule in call.world.schedules.values()
            if schedule.seller_id == call.seller_id and schedule.type in types
        ]
    }


def get_report_schedule(call: Call) -> JsonObject:
    """One schedule of the seller."""
    return _document(_schedule(call))


def cancel_report_schedule(call: Call) -> Answer:
    """End a schedule; reports that it asked for are made nevertheless."""
    del call.world.schedules[_schedule(call).schedule_id]
    return Answer(200, None)


def _schedule(call: Call) -> Schedule:
    schedule = call.world.schedules.get(call.path["schedule_id"])
    if schedule is None or schedule.seller_id != call.seller_id:
        raise SpApiError(404, "NotFound", "The schedule does not exist.")
    return schedule


def _document(schedule: Schedule) -> JsonObject:
    return {
        "reportScheduleId": schedule.schedule_id,
        "reportType": schedule.type,
        "marketplaceIds": schedule.marketplace_ids,
        "period": schedule.period,
        "nextReportCreationTime": iso(schedule.next_ms),
    }
