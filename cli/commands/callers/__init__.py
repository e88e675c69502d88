"""The groups of commands about who calls: partners, restaurants, customers and their quotes."""
