"""The running stack, as its users meet it: browser."""
