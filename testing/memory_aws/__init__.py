"""AWS in memory, as far as Fanfare uses it: for the enumeration of faults and for counting what a delivery costs.

It is quick, single-threaded and exact about what matters there: conditions, transactions, order,
visibility, delays, and capacity units. One suite of facts (tests/contract) runs against it, moto and the
emulator, so that what is proved on it holds elsewhere too.
"""
