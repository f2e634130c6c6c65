"""The film: geometry, rendering of what is visible, overlays."""
