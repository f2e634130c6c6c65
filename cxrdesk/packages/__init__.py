"""Plugins as ``.cxrplugin`` files, and the folder that installed ones live in. Nothing of a plugin is executed here."""
