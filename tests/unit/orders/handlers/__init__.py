"""Tests of orders/handlers that need neither a network nor a stack."""
