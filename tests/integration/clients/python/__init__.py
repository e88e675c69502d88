"""The partner's program in Python."""
