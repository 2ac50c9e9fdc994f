"""What of an error may be kept: words out of a list, and codes and request ids of the form that Amazon gives them.

Amazon repeats in its messages what it was sent, and so buyers' names, addresses and tokens. What may stay is named here;
everything else goes, whatever it is.
"""

import re
from collections.abc import Iterable

from connectors.amazon import operations
from connectors.amazon.operations import Operation
from connectors.errors import MarketplaceError
from connectors.journal import Journal, Trouble, class_of, verdict_of
from domain.communication_error import ErrorClass, RetryVerdict
from domain.listing import Issue

CUT = "…"
LONGEST = 300
_PUNCTUATION = ".,:;()'\"`"
_CODE = re.compile(r"[A-Za-z][A-Za-z_.]{0,59}|\d{1,6}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")

_WORDS = """
a access account address again allowed already amazon an and another answer any application application's are as at
attribute authorisation authorization available aws be been before behind body but by came can cannot code conflict
connecterror connecttimeout content contenttoolarge could credentials currency damaged date denied destination details
different document does empty end error exceeded exists expired external failed failure feed field for forbidden format found
frequency gateway given granted grant greater has have header html http id identifier in incorrect input internal
internalfailure invalid invalid_client invalid_grant invalid_request invalid_scope is issue it item its json kind known large
limit list listing login many marketplace marketplaceid marketplaceids maximum message messages method minimum missing
more must name no not null number object of offers on one only operation operations or order orders other page parameter
parameters parsed patch payload pooltimeout price processing product productType provide provided quantity queue quota
quotaexceeded reached readerror readtimeout reason refresh_token refused refuses region relationships remoteprotocolerror
report request requested requests required resource response role s schema secret seller seller's sellerid sent
server service severity should sign signature signaturedoesnotmatch sku skus start state status submission subscription
such supported takes temporarily than that the there this time to token too type unauthorized unavailable unknown
unsupported until use used valid validation value values version was were which with writeerror you your
""".split()
KNOWN = {word.lower() for word in _WORDS} | {
    each.name.lower() for each in vars(operations).values() if isinstance(each, Operation)
}
"""In lower case."""


def cut(text: str) -> str:
    """A message with a mark for every run of words that are not known to be harmless."""
    kept: list[str] = []
    for part in text[: LONGEST * 10].split():
        word = part if part.strip(_PUNCTUATION).lower() in KNOWN else CUT
        if word != CUT or kept[-1:] != [CUT]:
            kept.append(word)
    return " ".join(kept)[:LONGEST]


def trouble_of(error: MarketplaceError, verdict: RetryVerdict | None = None) -> Trouble:
    """What may be told of an error; without a verdict whoever made the call is told of it."""
    kind = class_of(error)
    if verdict is RetryVerdict.RETRIED and kind is ErrorClass.AUTH_REVOKED:
        kind = ErrorClass.TRANSIENT  # an access token ended, not the authorisation
    return Trouble(
        operation=error.operation,
        error_class=kind,
        verdict=verdict or verdict_of(error),
        message=cut(error.message),
        code=code_of(error.code),
        status=error.status,
        request_id=_whole(_REQUEST_ID, error.request_id),
    )


def note_issues(
    journal: Journal, operation: str, kind: ErrorClass, issues: Iterable[Issue]
) -> None:
    """Note what keeps Amazon from taking over a change of a listing."""
    for issue in issues:
        if issue.severity == "ERROR":
            code, message = code_of(issue.code), cut(issue.message)
            journal.note(Trouble(operation, kind, RetryVerdict.NEEDS_PERSON, message, code))


def code_of(code: str | None) -> str | None:
    """A code of the form of Amazon's."""
    return _whole(_CODE, code)


def _whole(form: re.Pattern[str], text: str | None) -> str | None:
    return text if text and form.fullmatch(text) else None
