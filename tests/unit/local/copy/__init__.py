"""Tests of local/copy that need neither a network nor a stack."""
