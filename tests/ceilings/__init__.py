"""What start-up and requests may cost, counted without a clock: a ceiling for each."""
