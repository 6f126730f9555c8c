"""Data only: requirement catalogue (``exigences``), fictitious population, scenarios by domain."""
