"""Measurements of speed and quality on this machine: `make bench`, `python -m bench PART …`."""
