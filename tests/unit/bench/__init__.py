"""Tests of bench that need neither a network nor a stack."""
