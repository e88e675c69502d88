"""Tests of orders/domain that need neither a network nor a stack."""
