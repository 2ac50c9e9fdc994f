"""An import of products out of a file that was uploaded."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ProductFileFormat(StrEnum):
    """How a file tells products."""

    MAGENTO_CSV = "MAGENTO_CSV"
    JSON_LINES = "JSON_LINES"


@dataclass(frozen=True, slots=True)
class ProductImport:
    """What is to be imported, and how it is to be read. Its operation and its answer have the same id."""

    id: str
    merchant_id: str
    file_id: str
    format: ProductFileFormat
    currency: str
    """Of all prices in the file."""
    websites: tuple[tuple[str, tuple[str, ...]], ...]
    """Websites whose own prices count, in that order, with their store views."""
    created_at: datetime
    expires_at: datetime
