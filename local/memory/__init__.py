"""AWS in memory, as far as Fanfare uses it: for the enumeration of faults and for counting what a delivery costs.

It is quick, single-threaded and exact about what matters there: conditions, transactions, order,
visibility, delays, and capacity units. One contract suite runs against it and against moto, so that
what is proved on it holds elsewhere too.
"""
