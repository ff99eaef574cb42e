"""Operations that are more than one transaction: hashing, two stores, or bytes in between.

Asynchronous, above the lanes and below the engine. Each step is a transaction of its own, in an
order in which a crash between two of them leaves nothing that can't be repeated.
"""
