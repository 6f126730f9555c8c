"""The bench's own model: scenarios, requirements, findings, verdicts, campaign events."""
