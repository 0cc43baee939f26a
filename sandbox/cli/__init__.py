"""Terminal programs: the demo and the run of one ticket."""
