"""What a snapshot tells beyond its tables: effective access, comparison, roles side by side, admins over time, names of ids."""
