"""Seeded claims in the proportions of published statistics, for the demo and the benchmarks; nobody's real claims.

``coverage`` asks the rulebook what it settles, ``people`` draws who went where, ``lines`` what was done, ``table`` makes Arrow of it.
"""

from settlement.sample.table import sample_claims, write_sample

__all__ = ["sample_claims", "write_sample"]
