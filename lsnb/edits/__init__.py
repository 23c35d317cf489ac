"""Edits: from an edited sheet to rows that are understood, and a list of what is wrong with it."""
