"""Facts of files from one `ast` pass each, and the class hierarchy across them; torch need not be installed."""
