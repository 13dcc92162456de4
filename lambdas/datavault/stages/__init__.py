"""What each function does with one piece of work, between its handler and the edges."""
