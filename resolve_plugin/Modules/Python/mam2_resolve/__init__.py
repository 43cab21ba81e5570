"""What the MAM2 comp scripts of Fusion and Resolve do. Standard library only."""
