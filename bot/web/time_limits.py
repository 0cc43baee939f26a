"""Time limits that the HTTP server and Socket Mode share."""

# Limit of all database operations of one answer. The rest of the answer fits into the remainder of
# Slack's three seconds: https://docs.slack.dev/interactivity/handling-user-interaction
RESPONSE_DEADLINE_SECONDS = 2.2
# At shutdown, received requests get this long to be answered.
DRAIN_TIMEOUT_SECONDS = 10
