"""People as observers: a page that shows clips and asks how surprising each was, and what comes back."""
