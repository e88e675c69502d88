"""Tests of documents that need neither a network nor a stack."""
