"""What the synthesized template promises."""
