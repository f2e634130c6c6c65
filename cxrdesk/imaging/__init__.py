"""Files to radiographs, and radiographs to gray levels and to what a model sees."""
