"""The Windows PC. Talks to a server over the network only."""
