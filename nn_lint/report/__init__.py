"""What is shown: one file an output format; findings and verdicts in, text out."""
