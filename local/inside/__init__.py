"""What the emulator's own Python loads. It imports itself, ministack and the standard library."""
