"""The web client: built into files that any web server can serve, and put where they are hosted."""
