"""What docs/ says, held against the code; it needs neither a network nor a stack."""
