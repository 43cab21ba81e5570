"""Clips whose alpha is known exactly: drawn ones that train and examine, and those of the benchmark novm-p."""
