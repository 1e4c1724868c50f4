"""Small modules as text, from the lines of their constructor and of their forward."""

from __future__ import annotations

LINEAR = "self.a = nn.Linear(4, 4)"


def net(init: str, forward: str, more: str = "") -> str:
    """A class `Net`; `more` are lines of its body."""
    parts = ["class Net(nn.Module):", " def __init__(self):", "  super().__init__()"]
    parts += [f"  {line}" for line in init.splitlines()]
    parts += [" def forward(self, x):", *(f"  {line}" for line in forward.splitlines())]
    return "\n".join([*parts, *(f" {line}" for line in more.splitlines())]) + "\n"
