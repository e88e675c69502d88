"""Tests of cli/commands that need neither a network nor a stack."""
