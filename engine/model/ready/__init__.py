"""What makes a loaded model quick on a device: the same function at less cost."""
