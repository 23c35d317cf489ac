"""Who may do what, what conflicts and what is invalid, as plain functions without HTTP."""
