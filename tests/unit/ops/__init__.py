"""Tests of ops that need neither a network nor a stack."""
