"""The suite. Fixtures for everybody are in conftest.py, the machinery behind them in support/."""
