"""May you enrol? Restrictions, ESP choice, management certificate (steps 1 and 5)."""
