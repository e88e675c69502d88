"""Tests of ops/partners that need neither a network nor a stack."""
