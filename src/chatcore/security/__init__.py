"""Passwords and session tokens: made, kept and compared safely."""
