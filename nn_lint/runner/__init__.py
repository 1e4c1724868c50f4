"""Many files: what is known of them from earlier runs, several processes for the others, fixes with proof, writing."""
