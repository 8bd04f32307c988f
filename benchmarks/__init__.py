"""Ratios within one run against peers and floors; nobody types a figure."""
