"""Stands in for the vendor's package, which no package index has: the parts that public monitors call in `init`.

Written from how public sources use it. It comes last on the import path, so that a real package of this name wins.
"""

