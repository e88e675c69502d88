"""Tests of the gate that a release passes before anybody meets it."""
