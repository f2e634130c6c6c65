"""The window: a dark reading room around one film. The only room that imports Qt; it never imports torch."""
