"""What the exit code of a run means."""

CLEAN = 0
FINDINGS = 1
FAILURE = 2
INTERRUPTED = 130
BROKEN_PIPE = 141
