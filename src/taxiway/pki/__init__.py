"""Certificate authorities, issuing, verifying a peer, key custody."""
