"""The saliency audit: whether maps point at the finding, depend on the weights, and say what the score rests on."""
