// Nothing: the cheapest library there can be, which the shim's cost at the start of a program is compared with.
