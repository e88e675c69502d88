"""Tests of ops/proof: probes, verdicts and reports, without AWS."""
