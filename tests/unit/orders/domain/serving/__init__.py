"""Tests of orders/domain/serving that need neither a network nor a stack."""
