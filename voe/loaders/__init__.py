"""What is shown: one module a benchmark, each turning a folder on disk into a `StimulusSet`."""
