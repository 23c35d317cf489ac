"""Pictures of access and of audits, drawn offline."""
