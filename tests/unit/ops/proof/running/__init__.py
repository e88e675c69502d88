"""Tests of ops/proof/running, without AWS."""
