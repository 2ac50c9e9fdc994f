"""Checks answers against Amazon's published models, strictly: no unknown field, no missing one."""

import importlib.util
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft7Validator

SHARED = Path(__file__).resolve().parents[4] / "shared" / "spapi"
MISSING = f"Amazon's models are not at {SHARED}"


def _schema(name: str) -> Draft7Validator:
    return Draft7Validator(json.loads((SHARED / f"schemas/{name}.json").read_bytes()))


class OfficialModels:
    """Finds the operation of a request and validates the body of its answer."""

    def __init__(self) -> None:
        spec = importlib.util.spec_from_file_location(
            "validate_cases", SHARED / "validate_cases.py"
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self._store = module.ModelStore(SHARED / "models", strict=True)
        lines = (SHARED / "operations.jsonl").read_text(encoding="utf-8").splitlines()
        self._operations = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", one["path"])), one)
            for one in map(json.loads, lines)
        ]
        self._offer_changed = _schema("notifications/AnyOfferChangedNotification")
        self._finished = {
            name: _schema(f"notifications/{name}ProcessingFinishedNotification")
            for name in ("Feed", "Report")
        }
        self._processing_report = _schema("feeds/listings-feed-processing-report-schema-v2")
        self.checked: Counter[str] = Counter()

    def check(self, response: httpx.Response) -> None:
        """Raise when an SP-API answer does not fit; other answers pass."""
        path = response.request.url.raw_path.decode().split("?")[0]
        operation = self._operation(response.request.method, path)
        is_json = response.headers.get("content-type") == "application/json"
        if operation is None or not is_json or not response.content:
            return
        problems = self._store.errors(
            operation["file"],
            operation["method"],
            operation["path"],
            response.status_code,
            response.json(),
        )
        assert not problems, f"{operation['operationId']} {response.status_code}: {problems}"
        self.checked[f"{operation['operationId']} {response.status_code}"] += 1

    def check_offer_changed(self, body: dict[str, Any]) -> None:
        """Raise when a notification does not fit its schema."""
        problems = [error.message for error in self._offer_changed.iter_errors(body)]
        assert not problems, problems
        self.checked["ANY_OFFER_CHANGED"] += 1

    def check_finished(self, kind: str, body: dict[str, Any]) -> None:
        """Raise when a notification of a feed's or a report's end does not fit its schema."""
        problems = [error.message for error in self._finished[kind].iter_errors(body)]
        assert not problems, problems
        self.checked[f"{kind} finished"] += 1

    def check_processing_report(self, body: dict[str, Any]) -> None:
        """Raise when the processing report of a listings feed does not fit its schema."""
        problems = [error.message for error in self._processing_report.iter_errors(body)]
        assert not problems, problems
        self.checked["processing report"] += 1

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        return next(
            (
                one
                for pattern, one in self._operations
                if one["method"] == method and pattern.fullmatch(path)
            ),
            None,
        )
