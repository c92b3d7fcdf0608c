"""The local stack: the real CDK app on an AWS emulator, with stand-ins for AWS features that the emulator lacks.

Handlers do not depend on anything here.
"""
