"""Microsoft Graph: a face that translates and calls; no decision is made here."""
