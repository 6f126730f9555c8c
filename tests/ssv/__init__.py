"""Tests of the supplied services."""
