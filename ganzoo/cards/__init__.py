"""The model card of a run, for people and for hubs: what the run store has for it, its parts, where it is written."""
