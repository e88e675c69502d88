"""Tests of local that need neither a network nor a stack."""
