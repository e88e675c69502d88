"""What rests on AWS alone: a registry of claims, each with how one would look.

claim ─► edge  tables  work  watching  permissions  deployment  money ─► registry ─► docs/proof.md
"""
