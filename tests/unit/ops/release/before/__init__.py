"""Tests of the checks before a deployment: what each finds, and what it says to do."""
