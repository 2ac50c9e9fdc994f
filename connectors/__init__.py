"""Connectors to marketplaces and shops, behind the protocols of `connectors.port`."""
