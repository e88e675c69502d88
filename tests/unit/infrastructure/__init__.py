"""Tests of infrastructure that need neither a network nor a stack."""
