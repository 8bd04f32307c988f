"""Who is insured, where, and how: persons, cards, filings and institutions.

A first part: the embedded sample registry that the checkout asks. The card's whole life follows.
"""

from settlement.registry.persons import Filing, Institution, InsuredPerson, Registry, load_registry

__all__ = ["Filing", "Institution", "InsuredPerson", "Registry", "load_registry"]
