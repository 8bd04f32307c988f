"""The fault experiments: power cuts, kills, full, slow and failing disks. `python -m tests.faults` runs them all."""
