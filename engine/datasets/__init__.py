"""Published data sets, read from the folders that they come in: one table of them for learning and for testing."""
