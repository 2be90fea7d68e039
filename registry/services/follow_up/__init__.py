"""What happens between certification decisions: surveillance, reminders, notices."""
