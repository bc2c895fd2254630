"""The sites: public, console, oversight, witness, and the API. One code base, one application, chosen by a setting."""
