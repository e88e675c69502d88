"""Tests of ops/pipeline."""
