"""The calculation: integer arrays in, integer arrays out, no memory of its own."""
