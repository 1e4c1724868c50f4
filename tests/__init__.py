"""Tests of nn-lint."""
