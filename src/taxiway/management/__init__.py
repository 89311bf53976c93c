"""OMA-DM sessions: policies, apps, the ESP run, compliance (step 8)."""
