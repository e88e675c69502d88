"""Planted bad releases, and good ones, deployed to a running copy while people go on ordering."""
