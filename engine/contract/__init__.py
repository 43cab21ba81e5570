"""What hosts and the engine agree on. Standard library only, Python 3.9 syntax, relative imports."""
