"""One module for each function: parse, decide, store, answer.

Importing one begins a start, which whoever makes its handler ends: `orders.starting.ready`.
"""

from orders.starting import begin

begin()
