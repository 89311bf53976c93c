"""The kinds of apps, a module each: ``KIND`` (its Graph type), ``PROPS``, ``check``, ``order`` and ``job``.

A new kind is a module here and a line in ``apps/table.py``.
"""
