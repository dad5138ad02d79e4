"""What whoever runs Caveat sees of it: spans and metrics through OpenTelemetry, and logs; docs/telemetry.md lists them."""
