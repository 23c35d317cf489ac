"""The kinds of change, one module per subject; `lsnb.plan.kinds` puts them together."""
