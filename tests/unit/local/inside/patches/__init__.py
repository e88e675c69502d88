"""Tests of local/inside/patches that need no emulator."""
