"""What the synthesized template promises: watching."""
