"""How each claim that a machine can look at is looked at, by the part of AWS that it is about."""
