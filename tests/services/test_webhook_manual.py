"""The manual for receivers: its code works, and it names every topic."""

import json
import re
from pathlib import Path

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from domain.clock import SystemClock
from domain.webhook import WebhookTopic, new_secret
from services.webhook_messages import body_of, headers_of
from tests.factories import an_event

MANUAL = (Path(__file__).parents[2] / "docs/webhooks.md").read_text()


def test_its_python_takes_what_we_send_and_nothing_else() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", MANUAL, re.DOTALL)
    found: dict[str, object] = {}
    exec(code, found)
    receive, secret = found["receive"], new_secret()
    assert callable(receive)
    body = body_of(an_event(), "attempt1")
    headers = headers_of("event1", body, [secret], SystemClock().now())

    assert receive(headers, body, secret)["eventId"] == "event1"
    with pytest.raises(WebhookVerificationError):
        receive(headers, body, new_secret())


def test_its_example_has_the_fields_that_are_sent() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", MANUAL, re.DOTALL)
    sent = json.loads(body_of(an_event(decision_id="decision1"), "attempt1"))
    assert list(json.loads(example)) == list(sent)


@pytest.mark.parametrize("topic", list(WebhookTopic))
def test_every_topic_is_in_its_table(topic: WebhookTopic) -> None:
    assert f"\n| `{topic}` |" in MANUAL
