"""Fixes as edits of text: builders, conflicts, application."""
