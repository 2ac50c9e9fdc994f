"""The GraphQL edge: schema, authentication and limits over HTTP."""
