"""Tests of project that need neither a network nor a stack."""
