"""Published data sets, read from the folders that they come in, and mixed into training samples."""
