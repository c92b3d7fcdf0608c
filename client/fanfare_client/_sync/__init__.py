# Written by tests/client/unasync.py from its twin in _async.
