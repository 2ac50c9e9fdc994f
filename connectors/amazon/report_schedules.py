"""Report schedules: Amazon makes a report by itself, again and again."""

from collections.abc import Sequence
from datetime import datetime

from connectors.amazon.documents import id_of
from connectors.amazon.operations import (
    CANCEL_REPORT_SCHEDULE,
    CREATE_REPORT_SCHEDULE,
    GET_REPORT_SCHEDULE,
    GET_REPORT_SCHEDULES,
)
from connectors.amazon.payload import Node, iso, moment, nodes, text
from connectors.amazon.transport import Transport
from connectors.back_office import Period, ReportSchedule
from connectors.budget import Priority


async def create(
    transport: Transport, report_type: str, period: Period, first_at: datetime | None
) -> str:
    """Have a report made again and again; gives the schedule's id."""
    body: dict[str, object] = {
        "reportType": report_type,
        "marketplaceIds": [transport.account.marketplace.id],
        "period": period.value,
    }
    if first_at is not None:
        body["nextReportCreationTime"] = iso(first_at)
    answer = await transport.send(CREATE_REPORT_SCHEDULE, body=body, priority=Priority.BACKGROUND)
    return id_of(answer, "reportScheduleId", CREATE_REPORT_SCHEDULE)


async def of_types(transport: Transport, report_types: Sequence[str]) -> list[ReportSchedule]:
    """The schedules of at most ten types; one without an id is left out."""
    answer = await transport.send(
        GET_REPORT_SCHEDULES,
        query={"reportTypes": ",".join(report_types)},
        priority=Priority.BACKGROUND,
    )
    rows = nodes(answer.get("reportSchedules"))
    return [schedule_of(row) for row in rows if text(row.get("reportScheduleId"))]


async def one(transport: Transport, schedule_id: str) -> ReportSchedule:
    """One schedule."""
    return schedule_of(
        await transport.send(
            GET_REPORT_SCHEDULE,
            path={"reportScheduleId": schedule_id},
            priority=Priority.BACKGROUND,
        )
    )


async def cancel(transport: Transport, schedule_id: str) -> None:
    """End one."""
    await transport.send(
        CANCEL_REPORT_SCHEDULE,
        path={"reportScheduleId": schedule_id},
        priority=Priority.BACKGROUND,
    )


def schedule_of(row: Node) -> ReportSchedule:
    """A schedule as Amazon describes it; raises `Unreadable` where it has no id."""
    return ReportSchedule(
        id=id_of(row, "reportScheduleId", GET_REPORT_SCHEDULE),
        report_type=text(row.get("reportType")) or "",
        period=text(row.get("period")) or "",
        next_at=moment(row.get("nextReportCreationTime")),
    )
