"""Tests of simulation that need neither a network nor a stack."""
