"""Sealed reports on the superior's side: the package that carries one, his archive of them, his acknowledgements."""
