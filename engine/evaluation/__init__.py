"""How good a matte is: metrics, benchmarks, tables."""
