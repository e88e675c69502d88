"""Tests of what probes see where the emulator cannot show it: right answers, and wrong ones."""
