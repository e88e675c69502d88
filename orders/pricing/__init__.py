"""Prices that hold: signed quotes, verified without asking anybody.

    jws.py       the signed text: its form, its header and its signature (RFC 7515, RS256)
    quotes.py    what it says, and whether that is a quote for this caller now
    compared.py  whether it is for this order, or for this change of one

Loaded by the first request that has a quote, or that should have one.
"""
