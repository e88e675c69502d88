"""What AWS's console shows, on this machine: dashboard, alarms, traces. Not the emulator."""
