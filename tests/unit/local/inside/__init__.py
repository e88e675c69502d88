"""Tests of local/inside that need neither a network nor a stack."""
