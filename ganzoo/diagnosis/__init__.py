"""What went wrong with a run, named from curves and scores.

case      what the run store has of a run
losses    where a discriminator's loss stands when it knows nothing
curves    rules on the log
samples   rules on the score
advice    the option most likely to help
verdicts  what is said
"""
