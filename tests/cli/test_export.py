"""`export` writes a file, whether a worker is there or not."""

import gzip
import json
from pathlib import Path
from typing import Any

from services.runtime import Runtime
from storage.listings import LISTINGS
from tests.factories import MERCHANT, a_listing


async def _stock(runtime: Runtime) -> None:
    await LISTINGS.insert(runtime.scope(MERCHANT), [a_listing("A"), a_listing("B")])


def test_things_of_a_kind_are_written_into_a_file(shell: Any, tmp_path: Path) -> None:
    shell.act(_stock)
    out = tmp_path / "listings.jsonl.gz"

    done = shell.run("export", "listings", "--out", str(out), "--field", "sellerSku")

    assert done.exit_code == 0, done.output
    assert "2 listings in" in done.output
    lines = [json.loads(line) for line in gzip.decompress(out.read_bytes()).splitlines()]
    assert [line["sellerSku"] for line in lines] == ["A", "B"]


def test_a_field_that_is_not_there_is_named(shell: Any, tmp_path: Path) -> None:
    out = tmp_path / "orders.jsonl.gz"
    refused = shell.run("export", "orders", "--out", str(out), "--field", "sku")
    assert refused.exit_code == 1
    assert "'sku'" in refused.output
    assert not out.exists()
