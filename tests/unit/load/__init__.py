"""Tests of load that need neither a network nor a stack."""
