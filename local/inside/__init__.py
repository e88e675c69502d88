"""What the emulator's own Python loads. It imports itself, cloudwatch and project only."""
