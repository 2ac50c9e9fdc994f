"""Bulk files: doing the workers' part, and reading what they write."""

import gzip
import json
from typing import Any

from domain.global_id import split
from services import exports, product_imports
from services.runtime import Runtime
from storage import files
from storage.files import FILES
from storage.mongo import Scope
from tests.graphql_api.conftest import Ask

START = """mutation ($input: ExportStartInput!) { exportStart(input: $input) {
  operation { id status resultUrl } userErrors { code field message } } }"""
OPERATION = """query ($id: ID!) { operation(id: $id) {
  status outcome progress { done total } resultCounts { name count } errors { where message }
  resultUrl resultExpiresAt } }"""


def key_of(id_: str) -> str:
    found = split(id_)
    assert found
    return found[1]


async def content(scope: Scope, id_: str) -> bytes:
    """The bytes of a file."""
    file = await FILES.require(scope, id_)
    return b"".join([data async for data in files.read(scope, id_, 0, file.size)])


def lines_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(data).splitlines()]


async def exported(ask: Ask, runtime: Runtime, scope: Scope, **given: Any) -> list[dict[str, Any]]:
    """The lines of an export."""
    started = (await ask(START, input=given))["exportStart"]
    assert started["userErrors"] == []
    key = key_of(started["operation"]["id"])
    await exports.write(runtime, scope, key)
    return lines_of(await content(scope, key))


async def answered(runtime: Runtime, scope: Scope, id_: str) -> list[dict[str, Any]]:
    """The answer to an import that was started."""
    await product_imports.run(runtime, scope, key_of(id_))
    return lines_of(await content(scope, key_of(id_)))
