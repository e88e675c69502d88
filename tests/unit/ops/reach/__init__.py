"""Tests of ops/reach that need neither a network nor a stack."""
