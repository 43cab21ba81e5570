"""Pictures in and out: plates, movies, mattes, colour and pictures for review. Imports no torch."""
