"""Who are you? OAuth 2 and OpenID Connect in the Entra dialect."""
