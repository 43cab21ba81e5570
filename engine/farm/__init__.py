"""Many shots, and machines other than this one: shots on disk as farm jobs."""
