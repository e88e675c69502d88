"""What the synthesized template promises: edge."""
