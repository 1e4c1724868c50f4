"""What CPython's tree of a class must show before libcst is asked: necessary conditions, never findings."""
