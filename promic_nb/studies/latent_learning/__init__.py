"""Learning from the CNN-based compressed domain (Wang, Qin, Chen, WACV 2022; document 004)."""
