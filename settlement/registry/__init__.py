"""Who is insured, where, and how: persons, cards, filings and institutions.

A first part: the embedded sample registry that the checkout asks. The card's whole life follows.
"""

from settlement.registry.persons import Chronic, Filing, Identity, Institution, InsuredPerson
from settlement.registry.register import Registry
from settlement.registry.sample import load_registry

__all__ = ["Chronic", "Filing", "Identity", "Institution", "InsuredPerson", "Registry", "load_registry"]
