"""Tests of cli/commands/release that need neither a network nor a stack."""
