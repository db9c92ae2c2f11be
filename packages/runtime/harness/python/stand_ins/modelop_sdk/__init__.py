"""Stands in for the vendor's package, which no package index has: only its logger is here."""
