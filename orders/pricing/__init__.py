"""Signed quotes: what a menu's owner says that a basket costs, and how it is verified."""
