"""The resources of Graph, one module per noun: each declares its faces and its ``OPERATIONS``."""
