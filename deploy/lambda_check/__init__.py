"""The built layers and functions under the Python and processor of Lambda, emulated on this machine."""
