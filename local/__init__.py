"""The local stack: the real CDK app on an AWS emulator, with stand-ins where the emulator does less than AWS.

Handlers know nothing of any of this.
"""
