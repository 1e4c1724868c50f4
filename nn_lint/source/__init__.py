"""Paths to files to text: discovery, decoding, newlines, indentation and safe writing."""
