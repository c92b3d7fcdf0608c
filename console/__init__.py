"""The operators' console: pages over the internal API, and over nothing else.

It knows the API by its HTTP contract alone. Whoever serves it brings a `call` that signs for the operator, so what may
be done here is what IAM lets that operator do. Served by `local/`: beside the local stack, or for a deployed stage.
"""
