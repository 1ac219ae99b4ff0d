"""Screens: handlers gather a view (a Struct of views.py) from the domain, render.py turns it into HTML."""
