"""JPEG AI for reconstruction, super-resolution and recognition (Temmar, ENP 2023; document 001)."""
