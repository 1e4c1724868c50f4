"""Residual blocks: evidence that a block is meant to add its input, and what a repair needs to know."""
