"""Checks answers against Amazon's published models, strictly: no unknown field, no missing one."""

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs

SHARED = Path(__file__).resolve().parents[4] / "shared" / "spapi"
MISSING = f"Amazon's models are not at {SHARED}"


def _schema(name: str) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(json.loads((SHARED / f"schemas/{name}.json").read_bytes()))


class OfficialModels:
    """Finds the operation of an answer and validates its body."""

    def __init__(self) -> None:
        spec = importlib.util.spec_from_file_location(
            "validate_cases", SHARED / "validate_cases.py"
        )
        assert spec is not None
        assert spec.loader is not None
        self._cases = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self._cases)
        self._store = self._cases.ModelStore(SHARED / "models", strict=True)
        self.operations: list[dict[str, Any]] = [
            json.loads(line)
            for line in (SHARED / "operations.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        self._paths = [
            (one, re.compile(re.sub(r"\{\w+\}", "[^/]+", one["path"]))) for one in self.operations
        ]
        self._validators: dict[tuple[str, int], Any] = {}
        self._offer_changed = _schema("notifications/AnyOfferChangedNotification")
        self._finished = {
            name: _schema(f"notifications/{name}ProcessingFinishedNotification")
            for name in ("Feed", "Report")
        }
        self._processing_report = _schema("feeds/listings-feed-processing-report-schema-v2")

    def problems(
        self, operation_id: str, method: str, path: str, status: int, content: bytes
    ) -> list[str]:
        """What is wrong with an answer; nothing where it fits."""
        operation = self._operation(operation_id, method, path)
        if operation is None:
            return [f"{method} {path} is not where {operation_id} lives"]
        try:
            body = json.loads(content) if content else None
        except ValueError:
            return ["not JSON"]
        place = (operation["file"], method, operation["path"], status)
        key = (operation["file"] + operation_id, status)
        if key not in self._validators:
            self._validators[key] = self._validator(*place)
        validator = self._validators[key]
        if validator is not None and validator.is_valid(body):
            return []
        # Has the words for it, and knows what no schema tells: that a status or a body is not declared.
        found: list[str] = self._store.errors(*place, body)
        return found if found or validator is None else ["not valid"]

    def _validator(self, file: str, method: str, path: str, status: int) -> Any:
        """Sixty times faster than the validator that finds the words."""
        schema, _ = self._store.schema(file, method, path, status)
        if schema is None:
            return None
        documents = [(self._cases.BASE + file, self._store.doc(file))]
        registry = jsonschema_rs.Registry(documents, draft=jsonschema_rs.Draft4)
        return jsonschema_rs.Draft4Validator(schema, registry=registry, validate_formats=True)

    def check_offer_changed(self, body: dict[str, Any]) -> None:
        """Raise when a notification does not fit its schema."""
        problems = [error.message for error in self._offer_changed.iter_errors(body)]
        assert not problems, problems

    def check_finished(self, kind: str, body: dict[str, Any]) -> None:
        """Raise when a notification of a feed's or a report's end does not fit its schema."""
        problems = [error.message for error in self._finished[kind].iter_errors(body)]
        assert not problems, problems

    def check_processing_report(self, body: dict[str, Any]) -> None:
        """Raise when the processing report of a listings feed does not fit its schema."""
        problems = [error.message for error in self._processing_report.iter_errors(body)]
        assert not problems, problems

    def _operation(self, operation_id: str, method: str, path: str) -> dict[str, Any] | None:
        return next(
            (
                one
                for one, pattern in self._paths
                if one["operationId"] == operation_id
                and one["method"] == method
                and pattern.fullmatch(path)
            ),
            None,
        )
