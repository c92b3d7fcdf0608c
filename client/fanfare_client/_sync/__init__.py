# Written by client/unasync.py from its twin in _async.
