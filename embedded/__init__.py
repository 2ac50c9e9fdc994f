"""Genuine mongod and Valkey servers as child processes, for development and single hosts."""
