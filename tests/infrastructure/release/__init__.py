"""Tests of versions, the alias `live` and the gate in the synthesized template."""
