"""Reports 2021-06-30: asked for, waited for, and fetched."""

from connectors.simulator import batches
from connectors.simulator.batch_document import (
    created,
    document_answer,
    found_batch,
    listed,
    page_of,
    report_document,
)
from connectors.simulator.clock import parse_iso
from connectors.simulator.operations import Call
from connectors.simulator.report_work import REPORT_TYPES
from connectors.simulator.wire import Answer, JsonObject, invalid, read_object


def create_report(call: Call) -> Answer:
    """Have a report made."""
    body = read_object(call.body)
    report_type = body.get("reportType")
    if report_type not in REPORT_TYPES:
        raise invalid(f"reportType {report_type!r} is not known.")
    for name in ("dataStartTime", "dataEndTime"):
        try:
            if (text := body.get(name)) is not None and parse_iso(text) > call.world.now_ms:
                raise invalid(f"{name} must not be in the future.")
        except (TypeError, ValueError) as error:
            raise invalid(f"{name} must be an ISO 8601 moment.") from error
    report = created(
        call, call.world.reports, "report", str(report_type), body.get("marketplaceIds")
    )
    return Answer(202, {"reportId": report.batch_id})


def get_report(call: Call) -> JsonObject:
    """How far a report is."""
    return report_document(found_batch(call, call.world.reports, call.path["report_id"]))


def get_reports(call: Call) -> JsonObject:
    """The seller's reports of some types, newest first."""
    found, token = page_of(call, call.world.reports, "reportTypes")
    return listed("reports", [report_document(report) for report in found], token)


def cancel_report(call: Call) -> Answer:
    """Take back a report that still waits."""
    report = found_batch(call, call.world.reports, call.path["report_id"])
    if not batches.cancel(report, call.world.now_ms):
        raise invalid("The report is not in the queue any more.")
    return Answer(200, None)


def get_report_document(call: Call) -> JsonObject:
    """Where the document of a report can be had."""
    return document_answer(call, call.path["document_id"], "reportDocumentId")
