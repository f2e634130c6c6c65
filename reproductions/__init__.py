"""Published systems, rebuilt as their authors describe them and measured on the films of the bench.

They are for comparison and are not shipped. ``python -m reproductions NAME --data DIR --out DIR`` runs one study; its
results are written after each training, so that a study that was cut off goes on where it stopped.
"""
