"""Uploads: room for a file that a client brings."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from domain import upload as domain
from domain.access import AccessScope
from domain.clock import SystemClock
from graphql_api.access import needs
from graphql_api.context import Info, RequestContext
from graphql_api.errors import UserError, attempt, error_codes
from graphql_api.fields import described
from graphql_api.files import upload_url
from graphql_api.ids import Kind, Node, to_id
from graphql_api.loaders import Noun
from graphql_api.selection import Selection
from services import uploads as use_cases
from storage.uploads import UPLOADS

# Links expire by the machine's time, also where business time is virtual.
_machine = SystemClock()


@strawberry.type(description="Room for one file, for a day.")
class Upload(Node):
    """An upload."""

    url: str | None = strawberry.field(
        description="Send the file there with PUT; whoever has this address may. Null once it was received or has expired."
    )
    byte_count: int = strawberry.field(description="Bytes of the file.")
    received_at: datetime | None = strawberry.field(
        description="When all of it was there; null before."
    )
    expires_at: datetime = strawberry.field(description="When it is gone.")


async def assemble(
    context: RequestContext,
    rows: Sequence[domain.Upload],
    wanted: Selection,  # noqa: ARG001 - the shape of every noun
) -> list[Upload]:
    """The nodes of uploads."""
    return [
        Upload(
            id=to_id(Kind.UPLOAD, row.id),
            url=_url(context, row),
            byte_count=row.size,
            received_at=row.received_at,
            expires_at=row.expires_at,
        )
        for row in rows
    ]


NOUN: Noun[domain.Upload, Upload] = Noun(Kind.UPLOAD, UPLOADS, assemble)


def _url(context: RequestContext, row: domain.Upload) -> str | None:
    if row.file_id is not None or row.expires_at <= _machine.now():
        return None
    return upload_url(context, row.id, row.expires_at)


@error_codes("Why there is no room for a file.")
class UploadCreateErrorCode(Enum):
    """Codes of `uploadCreate`."""

    INVALID = "INVALID"


@strawberry.type(description="Why there is no room for a file.")
class UploadCreateUserError(UserError):
    """An error of `uploadCreate`."""

    code: UploadCreateErrorCode = strawberry.field(description="The kind of mistake.")


@strawberry.input(description="The file to upload.")
class UploadCreateInput:
    """Input of `uploadCreate`."""

    byte_count: int = strawberry.field(
        description=f"Its size in bytes, at most {use_cases.LARGEST}. A file of another size is refused whole."
    )


@strawberry.type(description="What `uploadCreate` gives.")
class UploadCreatePayload:
    """Payload of `uploadCreate`."""

    upload: Upload | None = strawberry.field(description="Where to send the file.")
    user_errors: list[UploadCreateUserError] = strawberry.field(
        description="What is wrong with the input; empty on success."
    )


@strawberry.type
class UploadMutations:
    """Mutations of uploads."""

    @described
    @needs(AccessScope.WRITE_PRODUCTS)
    async def upload_create(
        self,
        info: Info,
        given: Annotated[
            UploadCreateInput, strawberry.argument(name="input", description="The request.")
        ],
    ) -> UploadCreatePayload:
        """Make room for a file, such as one for `productsImport`."""
        context = info.context
        row, errors = await attempt(
            use_cases.create(context.scope, given.byte_count, actor=context.viewer.actor),
            UploadCreateUserError,
            UploadCreateErrorCode,
        )
        wanted = Selection.of(info)["upload"]
        upload = await NOUN.of(context, row, wanted) if row else None
        return UploadCreatePayload(upload=upload, user_errors=errors)
