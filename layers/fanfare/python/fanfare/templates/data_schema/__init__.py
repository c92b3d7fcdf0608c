"""JSON Schemas of templates, and the data of messages."""
