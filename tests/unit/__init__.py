"""Rules that need neither a network nor a stack."""
