"""Files: where they lie, what they are, and what is shown of them."""
