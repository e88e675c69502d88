"""The command `orders`: what is asked, printed. What it does stands in ops and local."""
