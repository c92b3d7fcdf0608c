"""The only modules that call AWS through the SDK, next to the channels."""
