"""Tests of ops/dead_letters that need neither a network nor a stack."""
