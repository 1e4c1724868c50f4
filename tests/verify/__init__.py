"""Tests of the proof in torch."""
