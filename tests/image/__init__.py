"""The worker's image, really built and run: `make test-image`."""
