"""The miniature: tiny predictors trained from nothing on worlds to watch. See docs/miniature.md."""
