"""Stand-ins for the programs that the plug-ins run in."""
