"""The child side of the proof: runs under the user's interpreter (Python 3.9, torch 2.2 or newer), never in the
parent."""
