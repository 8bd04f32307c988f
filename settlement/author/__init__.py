"""The rule author's bench: begin a file, check it, see what it says and why, run its cases (no code needed)."""
