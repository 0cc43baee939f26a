"""What a person opens; who draws a form also reads it."""
