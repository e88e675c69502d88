"""`orders` as operators run it: on the running stack, or on an emulator of its own."""
