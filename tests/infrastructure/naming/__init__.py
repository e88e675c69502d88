"""The names that a template gives: whom they keep apart, and what must not stand beside them."""
