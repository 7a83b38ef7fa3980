"""`python -m impersonator_api` is the command `impersonator`."""

from impersonator_api.cli import main

if __name__ == "__main__":
    main()
