"""Who is insured, where, and how: persons, cards, filings and institutions.

``register`` is the embedded sample that the checkout asks, ``holder`` a person's cards as the book keeps them, ``states`` the one
table of what may happen to them, ``guide`` what a city says of its banks, points, hours and fees.
"""

from settlement.registry.persons import Chronic, Filing, Identity, Institution, InsuredPerson
from settlement.registry.register import Registry
from settlement.registry.sample import load_registry

__all__ = ["Chronic", "Filing", "Identity", "Institution", "InsuredPerson", "Registry", "load_registry"]
