"""Weight files: which there are, how they are written, read, imported and fetched; models from them and back."""
