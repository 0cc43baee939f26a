"""The engines that triage tickets in this process, and the checks around any model."""
