"""`make scan`: dependencies, secrets, misconfiguration, licences, our own rules, and which tool did not look."""
