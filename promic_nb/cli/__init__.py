"""The command `promic` and its terminal output."""
