"""What a host may replace: narrow ABCs, whose docstrings are the contract.

Small ones stand alone (:mod:`broker`, :mod:`blobs`, :mod:`identity`). Storage is a unit of work
(:mod:`storage`) with one repository a noun, each in the file of its noun beside its *records*:
mutable working copies of rows, which live inside one transaction and never leave the services.
"""
