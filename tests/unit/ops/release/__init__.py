"""Tests of ops/release that need neither a network nor a stack."""
