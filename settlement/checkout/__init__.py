"""The till's door: visits, fee lines, settling and giving back, queries and reconciliation, each a module of this room.

``door`` is for a till in the same process; ``transactions`` lists what the national interface can ask for; ``base`` is
what a transaction is made of.
"""

from settlement.checkout.door import DATA, Answer, Checkout, open_checkout

__all__ = ["DATA", "Answer", "Checkout", "open_checkout"]
