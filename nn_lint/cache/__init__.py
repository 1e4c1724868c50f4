"""What earlier runs found, and by what it is known to hold still."""
