"""Tests of ops/live that need neither a network nor a stack."""
