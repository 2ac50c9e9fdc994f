"""Benchmarks; see docs/performance.md. Nothing of the product imports them."""
