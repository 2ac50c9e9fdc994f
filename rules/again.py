"""When time alone may lead to another decision."""

from datetime import datetime, timedelta

from rules.inputs import PricingInputs, expiries

NEXT_STEP = timedelta(minutes=5)
"""Until a price that may move only so far at a time is moved on, where no cool-down says otherwise."""


def decide_again_at(inputs: PricingInputs, *, is_on_its_way: bool) -> datetime | None:
    """The first moment after now at which deciding anew may come to something else although nothing else changed.

    `is_on_its_way` says that a largest step kept the price from where it is to go. None: not before something
    else changes.
    """
    if inputs.listing.override is not None:
        return None
    rules, zone = inputs.document.timed if inputs.document else (), inputs.zone
    moments = [turn for rule in rules if (turn := rule.schedule.next_turn(inputs.now, zone))]
    # What is as old as it may be is not too old yet.
    old = expiries(inputs.document, inputs.listing, inputs.offers) if inputs.document else ()
    moments += [until + timedelta(milliseconds=1) for _, until in old]
    if is_on_its_way:
        moments.append(inputs.now + NEXT_STEP)
    return min((moment for moment in moments if moment > inputs.now), default=None)
