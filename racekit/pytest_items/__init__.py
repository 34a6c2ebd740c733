"""Test items as bodies: run many times, each time with fresh fixtures, and explored."""
