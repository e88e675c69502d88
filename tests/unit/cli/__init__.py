"""Tests of cli that need neither a network nor a stack."""
