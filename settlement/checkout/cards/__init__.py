"""The card's whole life as transactions of the book: K and the number of the guide's section, then a serial number.

``K2xx`` is asking for a card, ``K3xx`` collecting it, ``K7xx`` loss and recovery, and so on; A, B and C stand for the
sections 10, 11 and 12. docs/seed.md lists them all.
"""
