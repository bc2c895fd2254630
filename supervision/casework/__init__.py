"""Use cases of the officers: load an aggregate, decide, sign, save, answer.

Small functions without Flask: the console, the command line and the tests call the same ones.
"""
