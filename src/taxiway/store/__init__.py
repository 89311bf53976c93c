"""Engine, unit of work, migrations, the log, jobs, blobs, sealing and the neutral query tree."""
