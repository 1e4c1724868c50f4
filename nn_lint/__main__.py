"""`python -m nn_lint` is `nn-lint`."""

from nn_lint.cli import main

if __name__ == "__main__":
    main()
