"""Weights from where they are published: addresses, downloads that survive a cut line, a record of what came."""
