"""What the product does: one function a use case."""
