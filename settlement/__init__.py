"""An open medical-settlement engine: a card, a basket, an answer exact to the fen."""

__version__ = "0.1.0"
