"""The only modules that call AWS through the SDK, except the channels."""
