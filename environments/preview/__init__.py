"""One stack for each branch, computed in Python over the same infrastructure/, gone again by itself."""
