"""The AWS emulator: started, deployed to, and patched where it differs from AWS."""
