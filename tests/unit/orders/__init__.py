"""Tests of orders that need neither a network nor a stack."""
