"""What the service holds of one person: shown to them, kept under a hold, or overwritten for good.

Who may see an order is the business of orders; who may run these commands, of the operator's own
permissions. Why it is so: docs/decisions/0031-personal-data.md.
"""
