"""The supervision platform: what it does with a report, from the door to the answered case."""
