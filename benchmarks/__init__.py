"""Measurements of what the design promises, as ratios within one run on one machine. `make bench` runs them all."""
