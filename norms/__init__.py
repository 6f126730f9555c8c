"""What the specification fixes, as data and codecs. Knows nothing of the rest of the house."""
