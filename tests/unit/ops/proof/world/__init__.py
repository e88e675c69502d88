"""Tests of ops/proof/world, without AWS."""
