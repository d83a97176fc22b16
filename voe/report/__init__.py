"""What a person sees: tables, pictures, and later the report. Draws and formats; computes nothing."""
