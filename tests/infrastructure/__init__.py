"""What the synthesized template promises, and the asset, the tools and CI with it."""
