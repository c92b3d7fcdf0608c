"""The operators' console: web pages that use the internal API and nothing else.

It depends only on the API's HTTP contract. The server passes a `call` function that signs requests as the operator, so
IAM decides what the operator can do here. `local/` serves it, for the local stack or for a deployed stage.
"""
