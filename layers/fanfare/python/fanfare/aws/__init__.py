"""The only modules that call AWS through the SDK, beside the channels."""
