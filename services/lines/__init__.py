"""Things as JSON Lines, straight from their documents: field names and values are those of the API's schema."""
