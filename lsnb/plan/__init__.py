"""Plans: from a snapshot and edits to ordered, judged, fingerprinted changes."""
