"""MAM2's networks: pure modules, tensors and memory in, tensors and memory out."""
