"""DICOM files that were broken on purpose."""
