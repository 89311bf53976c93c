"""``python -m taxiway``."""

from taxiway.cli import main

if __name__ == "__main__":
    main()
