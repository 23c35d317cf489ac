"""Audit and change who has access to what in a LangSmith organization."""

__version__ = "0.1.0"
