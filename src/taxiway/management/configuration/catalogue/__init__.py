"""The settings catalogue: policies of settings that are named by definition and not by OMA-URI (02 section 9.2)."""
