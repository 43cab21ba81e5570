"""Samples from single photographs: real masks, composites and stills made into clips."""
