"""Tests of cli/commands/callers that need neither a network nor a stack."""
