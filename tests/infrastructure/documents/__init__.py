"""What the synthesized template promises: documents."""
