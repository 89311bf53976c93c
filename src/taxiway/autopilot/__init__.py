"""Registered? Which profile, which user? (steps 3, 6 and 7)"""
