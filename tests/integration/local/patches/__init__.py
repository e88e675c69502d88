"""Tests of local/inside/patches: what each patch promises, and that ministack still needs it.

The second half of each pair fails once ministack does as AWS does: then take the patch away.
"""
