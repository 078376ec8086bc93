"""The command `promic` and what it draws on a terminal."""
