"""Communication errors in a shell."""

import re
from typing import Any

from services.runtime import Runtime
from storage.filters import EVERYTHING
from storage.stores import STORES
from tests.factories import MERCHANT
from tests.services.amazon import Amazon


def test_what_went_wrong_is_listed_when_the_process_is_over(shell: Any, amazon: Amazon) -> None:
    shell.connect()
    assert shell.run("store", "errors").output == "There is none.\n"
    amazon.forbid("getMarketplaceParticipations")

    async def fails(runtime: Runtime) -> None:
        (store,) = await STORES.find(runtime.scope(MERCHANT), EVERYTHING)
        await (await runtime.connections.of(store)).diagnose()

    shell.act(fails)

    listed = shell.run("store", "errors", "--store", "Shop").output
    for told in ("Shop", "NA", "Unauthorized", "getMarketplaceParticipations", "needs person"):
        assert told in listed
    called = shell.run("store", "calls").output
    assert re.search(r"getMarketplaceParticipations\W+\d+\W+0\W+\d+ ms", called)
    assert shell.run("store", "errors", "--store", "Other").output == "There is none.\n"
