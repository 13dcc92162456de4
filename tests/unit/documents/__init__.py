"""What documents promise, held against the code. Each check takes a page's text, and gives what is wrong with it."""
