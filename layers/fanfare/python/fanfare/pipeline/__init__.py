"""Processing of a message: submit, fan out, deliver, record receipts, reconcile."""
