"""What one request may ask for before anything is run."""

BODY = 512 * 1024
"""Bytes of a request: the largest rule document, escaped as JSON, has room in it."""
TOKENS = 3_000
DEPTH = 12
ALIASES = 30
