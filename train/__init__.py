"""Learning: formulas to rendered images, images to batches, batches to weights."""
