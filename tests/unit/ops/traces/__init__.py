"""Tests of ops/traces that need neither a network nor a stack."""
