"""`make load` on the running stack."""
