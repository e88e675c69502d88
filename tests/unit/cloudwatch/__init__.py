"""Tests of cloudwatch that need neither a network nor a stack."""
