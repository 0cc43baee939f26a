"""The parts that several forms and modals share."""
