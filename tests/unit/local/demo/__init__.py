"""Tests of local/demo that need neither an emulator nor AWS."""
