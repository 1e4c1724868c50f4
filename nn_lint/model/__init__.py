"""Models of classes: what rules ask of a module; the only floor that walks libcst nodes."""
