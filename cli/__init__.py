"""The `sales-channel` command."""
