"""The parent side of the proof: finds an interpreter with torch, talks to its worker, turns answers into verdicts."""
