"""People talk to the desk: the Bolt app, its listeners, and the forms they open."""
