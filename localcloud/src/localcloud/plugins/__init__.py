"""The thin edges to LocalStack: everything here may import it, nothing else in this package does."""
