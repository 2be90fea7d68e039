"""Sample data that looks like life and is plainly marked as samples: made for trying out, never for trust."""
