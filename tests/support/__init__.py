"""What several test suites share: drawing values, running the two engines, and judging between them."""
