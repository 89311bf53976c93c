"""Objects that are kept as they came and decide nothing."""
