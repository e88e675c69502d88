"""Tests of ops/costs that need neither a network nor a stack."""
