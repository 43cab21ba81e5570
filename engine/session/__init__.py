"""A shot from prompts to mattes: plates stream in, mattes stream out, memory stays the same size."""
