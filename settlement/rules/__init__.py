"""Rules as data: one dated, sourced file an area, compiled to flat tables."""
