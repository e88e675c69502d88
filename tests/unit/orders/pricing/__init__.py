"""Tests of orders/pricing that need neither a network nor a stack."""
