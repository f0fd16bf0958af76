"""`python -m fireline` is `fireline`."""

from fireline.cli import main

if __name__ == "__main__":
    main()
