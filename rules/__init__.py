"""The rule core: facts and documents in, decisions with traces out. Pure."""
