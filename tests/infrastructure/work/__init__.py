"""What the synthesized template promises: work."""
