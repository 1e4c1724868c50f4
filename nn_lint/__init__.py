"""nn-lint: finds, repairs and proves the mistakes that people make when they define PyTorch modules."""

__version__ = "0.1.0"
