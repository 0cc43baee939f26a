"""One file for each thing a person does, in the order of a ticket's life."""
