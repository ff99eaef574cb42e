"""How fast it is: ``python -m benchmarks send|fanout|serve``. Not part of the wheel."""
