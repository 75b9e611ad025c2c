"""Tests of the template: what it refuses, what it renders, and what the result can do."""
