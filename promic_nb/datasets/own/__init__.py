"""A user's own stack: any readable images, described by a `stack.yaml` beside them."""
