"""The web client: built when its sources change, and put where it is hosted."""
