"""The demonstration: a fictional county, its officers and reports, made by the commands of a real one."""
