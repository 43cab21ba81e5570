"""A worker process: one device, its models, and the shots that are tracked on it. The only part that loads torch."""
