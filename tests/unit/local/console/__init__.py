"""Tests of local/console that need neither a network nor a stack."""
