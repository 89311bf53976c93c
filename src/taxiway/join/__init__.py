"""May you join? Device registration: certificate and device object (step 2)."""
