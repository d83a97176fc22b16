"""Models that are asked in words: questions, answers, and what they are worth."""
