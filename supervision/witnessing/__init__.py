"""The superior's witness: an independent service with a home, a key and a memory of its own, and its own copy of the
log's tiles. It knows no business of the county, no database of it and none of its secrets."""
