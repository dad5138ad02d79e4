"""What is true of a policy in every case: exact, finite, and decided by the evaluator itself (ADR 11)."""
