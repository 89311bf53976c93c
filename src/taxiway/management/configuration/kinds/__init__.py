"""The kinds of configurations, a module each: ``KIND`` (its Graph type), ``PROPS`` and ``items(row, tenant)``.

A new kind is a module here and a line in ``configuration/table.py``.
"""
