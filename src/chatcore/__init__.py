"""A chat engine that you import."""
