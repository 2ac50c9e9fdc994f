"""A stateful simulator of Amazon's Selling Partner API: one ASGI app with a market, buyers and a clock of its own."""
