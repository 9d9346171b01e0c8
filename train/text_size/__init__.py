"""How the estimate of the text size was learned (`i2l_batch.text_size`)."""
