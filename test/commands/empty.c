// A library that replaces nothing: the demo with it must come to the other conclusion.
typedef int empty;
